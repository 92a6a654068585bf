/* The cost of stack_ensure() for each page, its zeroing apart, and of each page released. */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "sched/stack/stack_reservation.h"
#include "tests/bench/benchmarks.h"

#define PAGES   64 /* ensured at once */
#define SAMPLES BENCHMARK_SAMPLES

static uint64_t zeroing, ensure_samples[SAMPLES], release_samples[SAMPLES];

static void ensure_thread(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    *(volatile char *)stack_floor(slot) = 1; /* all pages that faults may fill are there */
    for (unsigned i = 0; i < SAMPLES + BENCHMARK_WARM_UP; i++) {
        size_t above = (uintptr_t)__builtin_frame_address(0) - stack_floor(slot);
        uint64_t start = tsc_read_ordered();
        int error = stack_ensure(above + (PAGES - 1) * PAGE_BYTES);
        uint64_t ensured = tsc_read_ordered();
        uint32_t pages = stack_pages_backed(slot) - STACK_PAGES;
        if (error != OK || pages != PAGES) {
            console_print("# %u pages instead of %u: %s\n", pages, PAGES, error_name(error));
            return;
        }
        uint64_t release = tsc_read_ordered();
        stack_release();
        uint64_t released = tsc_read_ordered();
        if (i >= BENCHMARK_WARM_UP) {
            unsigned sample = i - BENCHMARK_WARM_UP;
            ensure_samples[sample] = (ensured - start - benchmark_overhead()) / PAGES - zeroing;
            release_samples[sample] = (released - release - benchmark_overhead()) / PAGES;
        }
    }
}

BENCHMARK(ensure)
{
    struct thread *thread;
    const struct thread_options options = {
        .name = "benchmark", .priority = THREAD_PRIORITY_DEFAULT, .stack_bytes = STACK_BYTES_MAX};
    if (stack_mode_get() == STACK_MODE_EAGER) {
        console_print("# ensure: stacks are whole at creation, there is nothing to allocate\n");
        return;
    }
    zeroing = benchmark_zeroing_ticks();
    int error = thread_create(&options, ensure_thread, NULL, &thread);
    if (error != OK) {
        console_print("# no thread for the benchmark: %s\n", error_name(error));
        return;
    }
    thread_join(thread);
    benchmark_samples_report("ensure", ensure_samples, SAMPLES);
    benchmark_report("ensure_zeroing", zeroing, "instructions");
    benchmark_samples_report("ensure_release", release_samples, SAMPLES);
}
