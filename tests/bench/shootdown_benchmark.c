/*
 * The cost of a TLB shootdown of one page while the other CPUs are idle. With several CPUs and
 * `-icount` the counter counts the instructions of all of them: the sender, which waits, and each
 * receiver with its interrupt. Compare machines with 1, 2 and 4 CPUs.
 */
#include "arch/x86_64/apic/shootdown.h"
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/test/benchmark.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "tests/bench/benchmarks.h"

static uint64_t samples[BENCHMARK_SAMPLES];

static void shootdowns_measure(void *argument maybe_unused)
{
    uintptr_t page = stack_top(thread_current()->slot) - STACK_BYTES;
    for (unsigned i = 0; i < BENCHMARK_SAMPLES + BENCHMARK_WARM_UP; i++) {
        uint64_t start = tsc_read_ordered();
        shootdown(page, PAGE_BYTES);
        uint64_t ticks = tsc_read_ordered() - start - benchmark_overhead();
        if (i >= BENCHMARK_WARM_UP) {
            samples[i - BENCHMARK_WARM_UP] = ticks;
        }
    }
}

BENCHMARK(shootdown)
{
    benchmark_in_thread(shootdowns_measure, NULL);
    benchmark_samples_report("shootdown", samples, BENCHMARK_SAMPLES);
}
