/*
 * The cost of a refill of one page when no frame is free: from the reserve, or from a STANDBY page
 * of a stack that was swapped out. `refill` in gate_benchmark.c is the refill from the allocator.
 * Preemption is off meanwhile, so no other thread has to wait for the memory that is taken.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/gate.h"
#include "sched/stack/swapper.h"
#include "tests/bench/benchmarks.h"
#include "tests/bench/sleepers.h"
#include "tests/support/run_down.h"

#define SAMPLES  400
#define SLEEPERS 500 /* each leaves one STANDBY page; STACK_STANDBY_MAX are kept at most */

static uint64_t samples[SAMPLES];
static unsigned measured; /* refills that came from where they should */
static bool from_reserve; /* else from a STANDBY page */

/* Returns how many frames are left where the refill should take one. */
static uint32_t source(void)
{
    struct stack_swap_counts counts;
    stack_swap_counts_read(&counts);
    return from_reserve ? stack_reserve_count() : counts.standby_now;
}

static bool reclaim_nothing(physical_t *frame maybe_unused)
{
    return false;
}

/* Takes every free frame; the first call also begins the chain of `all`. STANDBY pages stay. */
static void frames_take(struct run_down *all, bool first)
{
    bool (*reclaim)(physical_t *) = frame_reclaim_hook;
    physical_t frame;
    frame_reclaim_hook = reclaim_nothing;
    if (first) {
        run_down_take(all);
    }
    while (frame_allocate(FRAME_OWNER_TEST, &frame) == OK) {
        frame_tag_set(frame, all->chain);
        all->chain = (uint32_t)(frame >> PAGE_SHIFT);
        all->count++;
    }
    frame_reclaim_hook = reclaim;
}

/* Takes a page from the magazine, then everything that is free, and measures the gate's refill. */
static bool refill_measure(struct run_down *all, uint64_t *ticks)
{
    struct thread *self = thread_current();
    stack_trim(self->slot, stack_top(self->slot) - PAGE_BYTES);
    interrupts_disable();
    *(volatile char *)(stack_top(self->slot) - 2 * PAGE_BYTES) = 1;
    frames_take(all, false);
    uint32_t before = source();
    uint64_t start = tsc_read_ordered();
    bool passed = gate_pass_slowly(self, self);
    *ticks = tsc_read_ordered() - start - benchmark_overhead() - benchmark_zeroing_ticks();
    bool right = passed && this_cpu(magazine).taken == 0 && source() == before - 1;
    interrupts_enable();
    return right;
}

static void refills_measure(void *argument maybe_unused)
{
    struct run_down all;
    run_down_begin();
    frames_take(&all, true);
    for (measured = 0; measured < SAMPLES; measured++) {
        if (!refill_measure(&all, &samples[measured])) {
            break;
        }
    }
    run_down_give_back(&all);
    run_down_end();
}

static void refills_report(const char *name)
{
    benchmark_in_thread(refills_measure, NULL);
    if (measured < SAMPLES) {
        console_print("# %s: refill %u came from elsewhere\n", name, measured);
        return;
    }
    benchmark_samples_report(name, samples, SAMPLES);
}

/* The page that a trim frees goes back to the reserve, so the next refill finds it there. */
BENCHMARK(refill_reserve)
{
    if (stack_mode_get() != STACK_MODE_FAULT) {
        console_print("# refill_reserve: only with stack=fault\n");
        return;
    }
    (void)stack_standby_free(UINT32_MAX);
    from_reserve = true;
    refills_report("refill_reserve");
}

BENCHMARK(refill_reclaim)
{
    if (stack_mode_get() != STACK_MODE_FAULT) {
        console_print("# refill_reclaim: only with stack=fault\n");
        return;
    }
    unsigned sleepers = sleepers_start(SLEEPERS, NULL);
    (void)swapper_pass(NULL, SWAPPER_SWAP);
    from_reserve = false;
    console_print("# refill_reclaim: %u STANDBY pages of %u threads\n", source(), sleepers);
    refills_report("refill_reclaim");
    sleepers_end(sleepers, NULL);
}
