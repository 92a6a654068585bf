/* Short names for what the compiler can check or be told. Included everywhere; depends on nothing.
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

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define array_length(array) (sizeof(array) / sizeof((array)[0]))

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

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

static always_inline uint64_t align_up(uint64_t value, uint64_t power_of_two)
{
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

static always_inline uint64_t align_down(uint64_t value, uint64_t power_of_two)
{
    return value & ~(power_of_two - 1);
}
