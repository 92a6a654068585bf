/*
 * Short names for attributes and built-in functions of the compiler. Every file includes this one;
 * it depends on nothing.
 *
 * The comment of a public function names the context that may call it, as "Context: WORD". The
 * words mean, in the whole kernel:
 *
 *   THREAD  a thread, with interrupts and preemption on and no spinlock held. It may sleep.
 *   ATOMIC  thread code with preemption or interrupts off, or with a spinlock held. It may not
 *           sleep. A thread context qualifies too: what is fit for ATOMIC is fit for THREAD.
 *   IRQ     an interrupt handler: interrupts off, on an entry stack. It may take only locks that
 *           thread code holds with interrupts off. A function for IRQ may also be called in ATOMIC.
 *   ENTRY   code on any entry stack, those of #PF, NMI, #DB, #MC and #DF included. It may not
 *           fault, sleep or take a lock that thread code holds with interrupts on; in an NMI or #MC
 *           it takes no lock at all.
 *   ANY     all of the above. Such a function touches no page that may be absent, and takes no lock
 *           but one that its comment names or that the caller passes.
 *
 * What follows the word narrows the context: "THREAD, lock held", "ATOMIC, interrupts off". "boot"
 * stands for the boot CPU with interrupts off, before the scheduler runs; functions with this
 * context are called in the order of kernel/main.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_check              __attribute__((warn_unused_result))
#define noreturn_function       __attribute__((noreturn))
#define packed                  __attribute__((packed))
#define maybe_unused            __attribute__((unused))
#define never_inline            __attribute__((noinline))
#define always_inline           inline __attribute__((always_inline))
#define aligned_to(bytes)       __attribute__((aligned(bytes)))
#define in_section(name)        __attribute__((section(name), used))
#define printf_like(fmt, first) __attribute__((format(printf, fmt, first)))

/* Builds without optimization make calls of these, which keeps the frames of the callers small. */
#ifdef __OPTIMIZE__
#define inline_if_optimized always_inline
#else
#define inline_if_optimized maybe_unused
#endif

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define array_length(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Calls a must_check function whose result does not matter to the caller. A cast to void is not
 * enough: the compiler warns all the same. The comment at the call says why the result does not
 * matter.
 */
#define ignore_result(call) ((void)!(call))

/* clang-format off */
#define container_of(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))
/* clang-format on */

#define static_assert _Static_assert

/* Keeps the compiler from moving memory accesses across this point; the CPU may still do so. */
#define compiler_barrier() __asm__ volatile("" ::: "memory")

/*
 * Assembly that the compiler counts as one short instruction when it decides what to inline,
 * however many lines it has. Cppcheck 2.17 stops at `inline` here, so cppcheck reads the plain
 * form.
 */
#ifdef __CPPCHECK__
#define asm_volatile_inline __asm__ volatile
#else
#define asm_volatile_inline __asm__ volatile inline
#endif

/* Returns the lowest multiple of a power of two that is at least `value`. Context: ANY. */
static always_inline uint64_t align_up(uint64_t value, uint64_t power_of_two)
{
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

/* Returns the highest multiple of a power of two that is at most `value`. Context: ANY. */
static always_inline uint64_t align_down(uint64_t value, uint64_t power_of_two)
{
    return value & ~(power_of_two - 1);
}
