/*
 * The cost of the dispatch gate where one comparison does not decide. Ticks are counted as in
 * stack_benchmark.c, by the same thread on both sides of the switch, so they are the gate's alone.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/stack/gate.h"
#include "tests/bench/benchmarks.h"
#include "tests/support/run_down.h"

static uint64_t samples[BENCHMARK_SAMPLES];

static bool nothing_to_measure(const char *name)
{
    if (stack_mode_get() != STACK_MODE_FAULT) {
        console_print("# %s: only with stack=fault does a touch take what the gate puts back\n",
                      name);
        return true;
    }
    return false;
}

/*
 * Trims the stack to one page, then fills `pages` from the magazine. Returns with interrupts off.
 */
static void rounds_take(unsigned pages)
{
    uint32_t slot = thread_current()->slot;
    stack_trim(slot, stack_top(slot) - PAGE_BYTES);
    thread_yield(); /* leaves the CPU if another thread is ready; the magazine is full */
    interrupts_disable();
    *(volatile char *)(stack_top(slot) - (pages + 1) * PAGE_BYTES) = 1;
}

static uint64_t gate_ticks(bool *passed)
{
    struct thread *self = thread_current();
    uint64_t start = tsc_read_ordered();
    *passed = gate_pass_slowly(self, self);
    return tsc_read_ordered() - start - benchmark_overhead();
}

/* More waiting threads than the memory could serve. */
#define MANY_WAITERS ((int)(STACK_RESERVE_FRAMES_MAX / (STACK_PAGES - 1)) + 1)

static void gate_thread(void *argument maybe_unused)
{
    struct run_down all;
    bool passed = true;

    rounds_take(1);
    run_down_take(&all);
    memory_waiters_add(MANY_WAITERS);
    uint32_t taken = this_cpu(magazine).taken;
    for (unsigned i = 0; i < BENCHMARK_SAMPLES && passed; i++) {
        samples[i] = gate_ticks(&passed);
    }
    passed = passed && taken != 0 && this_cpu(magazine).taken == taken;
    memory_waiters_add(-MANY_WAITERS);
    run_down_give_back(&all);
    interrupts_enable();
    if (!passed) {
        console_print("# gate: it refilled, or refused a thread; the figure is not the gate's\n");
    }
}

/* Other threads wait, memory is short, and this magazine covers both stacks as it is. */
BENCHMARK(gate)
{
    if (!nothing_to_measure("gate")) {
        benchmark_in_thread(gate_thread, NULL);
        benchmark_samples_report("gate", samples, BENCHMARK_SAMPLES);
    }
}

static void refill_thread(void *argument)
{
    unsigned pages = *(const unsigned *)argument;
    bool passed = true;
    for (unsigned i = 0; i < BENCHMARK_SAMPLES + BENCHMARK_WARM_UP && passed; i++) {
        rounds_take(pages);
        uint64_t ticks = gate_ticks(&passed) - pages * benchmark_zeroing_ticks();
        passed = passed && this_cpu(magazine).taken == 0;
        interrupts_enable();
        if (i >= BENCHMARK_WARM_UP) {
            samples[i - BENCHMARK_WARM_UP] = ticks;
        }
    }
    if (!passed) {
        console_print("# refill: the magazine was not filled; the figure is not the refill's\n");
    }
}

static void refill_report(const char *name, const char *zeroing_name, unsigned pages)
{
    benchmark_in_thread(refill_thread, &pages);
    benchmark_samples_report(name, samples, BENCHMARK_SAMPLES);
    benchmark_report(zeroing_name, pages * benchmark_zeroing_ticks(), "instructions");
}

/* The gate after a fault: it books the frames that were taken, and replaces them. */
BENCHMARK(refill)
{
    if (!nothing_to_measure("refill")) {
        refill_report("refill", "refill_zeroing", 1);
        refill_report("refill_3", "refill_3_zeroing", 3);
    }
}
