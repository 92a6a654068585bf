/*
 * Overflow: however a thread reaches the end of its stack, it ends there, thread_join() returns the
 * error, and the machine goes on. panic_test.c checks where an overflow must be a panic.
 */
#include "sched/stack/overflow.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/percpu.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static volatile unsigned depth_limit = 1000000;
static volatile uint32_t survivors; /* threads that ran on after their overflow */

static never_inline unsigned descend(unsigned depth)
{
    volatile uint8_t local[200];
    local[0] = (uint8_t)depth;
    return depth == depth_limit ? 0 : descend(depth + 1) + local[0];
}

static void by_recursion(void *argument maybe_unused)
{
    descend(0);
    survivors = survivors + 1;
}

static void by_push(void *argument maybe_unused)
{
    __asm__ volatile("1: pushq $0; jmp 1b" ::: "memory");
}

static void by_call(void *argument maybe_unused)
{
    __asm__ volatile("1: call 1b" ::: "memory");
}

/* Touches the guard once, past three holes that stay holes. */
static void by_far_local(void *argument maybe_unused)
{
    volatile uint8_t *far = (volatile uint8_t *)__builtin_frame_address(0) - STACK_BYTES - 64;
    *far = 1;
    survivors = survivors + 1;
}

/* Stores downwards over the whole stack. */
static void by_string_store(void *argument maybe_unused)
{
    uintptr_t at = (uintptr_t)__builtin_frame_address(0) - 512;
    size_t count = STACK_BYTES / 8;
    __asm__ volatile("std; rep stosq; cld" : "+D"(at), "+c"(count) : "a"(0UL) : "memory");
    survivors = survivors + 1;
}

static int run_to_the_end(const char *name, void (*function)(void *))
{
    const struct thread_options options = {.name = name, .priority = THREAD_PRIORITY_DEFAULT};
    return test_thread_join(test_thread_create(&options, function, NULL));
}

static void overflow_once(const char *name, void (*function)(void *))
{
    uint32_t before = overflow_count();
    survivors = 0;
    test_equal(run_to_the_end(name, function), ERROR_RANGE);
    test_equal(overflow_count(), before + 1);
    test_equal(survivors, 0);
}

TEST(OVF0001, "endless recursion ends its thread alone", ALWAYS)
{
    overflow_once("recursion", by_recursion);
}

TEST(OVF0002, "pushing over the stack's end ends the thread alone", ALWAYS)
{
    overflow_once("push", by_push);
}

TEST(OVF0003, "calling over the stack's end ends the thread alone", ALWAYS)
{
    overflow_once("call", by_call);
}

TEST(OVF0004, "a local variable that reaches into the guard ends its thread alone", ALWAYS)
{
    overflow_once("far local", by_far_local);
}

TEST(OVF0005, "a string store down over the stack's end ends its thread alone, with DF set", ALWAYS)
{
    overflow_once("string store", by_string_store);
}

TEST(OVF0006, "many threads overflow at once, on all CPUs, and each overflow is reported", ALWAYS)
{
    enum { THREADS = 24 };
    static struct thread *threads[THREADS];
    uint32_t before = overflow_count();
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] =
            test_thread_start(THREAD_PRIORITY_DEFAULT, 0, i % 2 ? by_recursion : by_push, NULL);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        test_equal(test_thread_join(threads[i]), ERROR_RANGE);
    }
    test_equal(overflow_count(), before + THREADS);
}

/* Waits at the given depth for ticks that preempt it in favour of the other thread like it. */
static void wait_deep(void *argument)
{
    uintptr_t target = stack_bottom(thread_current()->slot) + *(const uint32_t *)argument;
    uint64_t spins = 100000000;
    __asm__ volatile("movq %%rsp, %%rbx\n\t"
                     "movq %1, %%rsp\n"
                     "1:\n\t"
                     "pause\n\t"
                     "cmpl $0, %2\n\t"
                     "jne 2f\n\t"
                     "decq %0\n\t"
                     "jnz 1b\n"
                     "2:\n\t"
                     "movq %%rbx, %%rsp"
                     : "+r"(spins)
                     : "r"(target), "m"(survivors)
                     : "rbx", "memory", "cc");
}

TEST(OVF0007, "a thread without room to be preempted overflows, and the machine goes on", ALWAYS)
{
    static const uint32_t rooms[] = {8, 40, 100, 300, 600, 1000, ENTRY_CONTINUE_BYTES + 100};
    for (unsigned i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        struct thread *threads[2];
        survivors = 0;
        for (unsigned j = 0; j < 2; j++) {
            threads[j] =
                test_thread_start(THREAD_PRIORITY_DEFAULT, 1, wait_deep, (void *)&rooms[i]);
        }
        for (unsigned j = 0; j < 2; j++) {
            int code = test_thread_join(threads[j]);
            /* The last of them has no other thread to yield to. */
            test_check(code == ERROR_RANGE || code == OK);
            survivors = 1;
        }
    }
}
