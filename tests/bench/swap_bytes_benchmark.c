/*
 * The cost of swapping a stack out and in, by its live bytes: a thread sleeps below local variables
 * of several sizes. `swap_live_N` is how many bytes were live with N bytes of variables. In the
 * other figures the pass has one thread alone, and pays for the walk and both switches.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/thread.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/bench/benchmarks.h"

#define SAMPLES 200

static struct {
    struct semaphore wake;
    uint64_t woken_tsc; /* when the waker called semaphore_up() */
    uint64_t ticks;
    bool over;
} one;

static uint64_t outs[SAMPLES], ins[SAMPLES];

static void one_sleep(void)
{
    while (!one.over) {
        semaphore_down(&one.wake);
        one.ticks = tsc_read_ordered() - one.woken_tsc - benchmark_overhead();
    }
}

/* A function that sleeps below `bytes` bytes of variables. */
#define SLEEP_BELOW(bytes)                                                                         \
    static never_inline void sleep_below_##bytes(void *argument maybe_unused)                      \
    {                                                                                              \
        volatile char variables[bytes];                                                            \
        variables[0] = variables[sizeof(variables) - 1] = 1;                                       \
        one_sleep();                                                                               \
        (void)variables[0];                                                                        \
    }

SLEEP_BELOW(16)
SLEEP_BELOW(256)
SLEEP_BELOW(512)
SLEEP_BELOW(896)

static void swaps_measure(struct thread *thread)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint64_t start = tsc_read_ordered();
        (void)swapper_pass(thread, SWAPPER_SWAP);
        outs[i] = tsc_read_ordered() - start - benchmark_overhead();
        (void)stack_standby_free(UINT32_MAX);
        thread_yield(); /* fills the magazine */
        one.woken_tsc = tsc_read_ordered();
        semaphore_up(&one.wake); /* the thread is more urgent, so it runs at once */
        ins[i] = one.ticks;
    }
}

static void swaps_report(const char *live, const char *out, const char *in, void (*body)(void *))
{
    const struct thread_options urgent = {
        .name = "sleeper", .priority = THREAD_PRIORITIES - 1, .affinity = 1UL << cpu_number()};
    struct thread *thread;
    semaphore_init(&one.wake, 0);
    one.over = false;
    if (thread_create(&urgent, body, NULL, &thread) != OK) {
        console_print("# no thread for the benchmark\n");
        return;
    }
    benchmark_report(live, stack_top(thread->slot) - thread->saved_rsp, "bytes");
    swaps_measure(thread);
    one.over = true;
    semaphore_up(&one.wake);
    thread_join(thread);
    benchmark_samples_report(out, outs, SAMPLES);
    benchmark_samples_report(in, ins, SAMPLES);
}

#define SWAPS_REPORT(bytes)                                                                        \
    swaps_report("swap_live_" #bytes, "swap_out_one_" #bytes, "swap_in_one_" #bytes,               \
                 sleep_below_##bytes)

BENCHMARK(swap_bytes)
{
    swapper_quiet_set(true);
    SWAPS_REPORT(16);
    SWAPS_REPORT(256);
    SWAPS_REPORT(512);
    SWAPS_REPORT(896);
    swapper_quiet_set(false);
}
