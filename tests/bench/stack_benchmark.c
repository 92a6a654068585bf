/*
 * The figures of the stack engine. With `-icount shift=0` on one CPU a tick is an instruction; the
 * two readings of the counter are taken off. Zeroing is measured apart and reported beside the
 * rest, because it happens when a magazine is filled or a stack is created, not in the fault.
 */
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/page_copy.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reap.h"
#include "sched/core/thread.h"
#include "tests/bench/benchmarks.h"

#define SAMPLES      BENCHMARK_SAMPLES
#define WARM_UP      BENCHMARK_WARM_UP
#define IDLE_THREADS 1000
#define LATER_NS     500000000

static uint64_t samples[SAMPLES];

uint64_t benchmark_zeroing_ticks(void)
{
    static char page[PAGE_BYTES] aligned_to(PAGE_BYTES);
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < 10; i++) {
        uint64_t start = tsc_read_ordered();
        page_zero(page);
        uint64_t ticks = tsc_read_ordered() - start - benchmark_overhead();
        least = ticks < least ? ticks : least;
    }
    return least;
}

/* Measures one touch `pages` below the top page: its fault and the retry. The store counts once. */
static uint64_t fault_measure(unsigned pages)
{
    uint32_t slot = thread_current()->slot;
    stack_trim(slot, stack_top(slot) - PAGE_BYTES);
    volatile char *deep = (volatile char *)(stack_top(slot) - (pages + 1) * PAGE_BYTES + 64);
    uint64_t flags = interrupts_save();
    uint64_t start = tsc_read_ordered();
    *deep = 1;
    uint64_t ticks = tsc_read_ordered() - start - benchmark_overhead();
    interrupts_restore(flags);
    thread_yield(); /* leaves the CPU if another thread is ready; the magazine fills up */
    return ticks;
}

struct fault_run {
    const char *name, *zeroing_name;
    unsigned pages;
};

static void fault_thread(void *argument)
{
    const struct fault_run *run = argument;
    for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
        uint64_t ticks = fault_measure(run->pages);
        if (i >= WARM_UP) {
            samples[i - WARM_UP] = ticks;
        }
        ignore_result(thread_sleep_ns(1));
    }
}

/* The main thread's stack is whole, so a new thread is needed. */
void benchmark_in_thread(void (*body)(void *), void *argument)
{
    struct thread *thread;
    int error = thread_start("benchmark", body, argument, &thread);
    if (error != OK) {
        console_print("# no thread for the benchmark: %s\n", error_name(error));
        return;
    }
    thread_join(thread);
}

static void fault_benchmark(const struct fault_run *run)
{
    if (stack_mode_get() == STACK_MODE_EAGER) {
        console_print("# %s: stacks are whole at creation, there is no fault to measure\n",
                      run->name);
        return;
    }
    if (stack_mode_get() == STACK_MODE_PREFAULT) {
        console_print("# %s: the calls before the touch fill pages already\n", run->name);
        return;
    }
    benchmark_in_thread(fault_thread, (void *)run);
    benchmark_samples_report(run->name, samples, SAMPLES);
    benchmark_report(run->zeroing_name, run->pages * benchmark_zeroing_ticks(), "instructions");
}

BENCHMARK(stack_fault_1)
{
    static const struct fault_run run = {"stack_fault_1", "stack_fault_1_zeroing", 1};
    fault_benchmark(&run);
}

BENCHMARK(stack_fault_2)
{
    static const struct fault_run run = {"stack_fault_2", "stack_fault_2_zeroing", 2};
    fault_benchmark(&run);
}

BENCHMARK(stack_fault_3)
{
    static const struct fault_run run = {"stack_fault_3", "stack_fault_3_zeroing", 3};
    fault_benchmark(&run);
}

static volatile bool partner_ends;

static void yield_partner(void *argument maybe_unused)
{
    while (!partner_ends) {
        thread_yield();
    }
}

/* Two threads of one priority on one CPU take turns: a round trip is two switches. */
static void yield_measure(void *argument maybe_unused)
{
    struct thread *partner;
    const struct thread_options options = {
        .name = "partner", .priority = THREAD_PRIORITY_DEFAULT, .affinity = 1UL << cpu_number()};
    partner_ends = false;
    if (thread_affinity_set(thread_current(), options.affinity) != OK ||
        thread_create(&options, yield_partner, NULL, &partner) != OK) {
        console_print("# no partner for the benchmark\n");
        return;
    }
    for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
        uint64_t start = tsc_read_ordered();
        thread_yield();
        uint64_t ticks = tsc_read_ordered() - start - benchmark_overhead();
        if (i >= WARM_UP) {
            samples[i - WARM_UP] = ticks / 2;
        }
    }
    partner_ends = true;
    thread_join(partner);
}

BENCHMARK(switch)
{
    benchmark_in_thread(yield_measure, NULL);
    benchmark_samples_report("switch", samples, SAMPLES);
}

static void nothing(void *argument maybe_unused)
{
}

void benchmark_stacks_free(void)
{
    uint64_t flags = interrupts_save();
    stack_cache_drain();
    interrupts_restore(flags);
    (void)stack_reclaim();
}

static void cycle_run(bool cold)
{
    for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
        struct thread *thread;
        if (cold) {
            benchmark_stacks_free();
        }
        uint64_t start = tsc_read_ordered();
        if (thread_start("cycle", nothing, NULL, &thread) != OK) {
            console_print("# no thread for the benchmark\n");
            return;
        }
        thread_join(thread);
        uint64_t ticks = tsc_read_ordered() - start - benchmark_overhead();
        if (i >= WARM_UP) {
            samples[i - WARM_UP] = ticks;
        }
    }
}

/* Create, first instruction, exit, join. Zeroing the pages of a creation is taken off. */
static void cycle_report(const char *name, const char *zeroing_name, unsigned pages_zeroed)
{
    uint64_t zeroing = pages_zeroed * benchmark_zeroing_ticks();
    for (unsigned i = 0; i < SAMPLES; i++) {
        samples[i] -= zeroing;
    }
    benchmark_samples_report(name, samples, SAMPLES);
    benchmark_report(zeroing_name, zeroing, "instructions");
}

BENCHMARK(thread_cycle_cold)
{
    cycle_run(true);
    cycle_report("thread_cycle_cold", "thread_cycle_cold_zeroing",
                 stack_mode_get() == STACK_MODE_EAGER ? STACK_PAGES : 1);
}

BENCHMARK(thread_cycle_cached)
{
    cycle_run(false);
    cycle_report("thread_cycle_cached", "thread_cycle_cached_zeroing", 0);
}

/* With stack-free=batched a stack is rarely back when the next thread is created. */
BENCHMARK(thread_cycle_batched)
{
    enum stack_free how = stack_free_get();
    stack_free_set(STACK_FREE_BATCHED);
    cycle_run(false);
    stack_free_set(how);
    cycle_report("thread_cycle_batched", "thread_cycle_batched_zeroing",
                 stack_mode_get() == STACK_MODE_EAGER ? STACK_PAGES : 1);
}

static struct {
    struct spinlock lock;
    struct wait_queue queue;
    bool over;
    unsigned idle;
} idlers;

static void idler(void *argument maybe_unused)
{
    uint64_t flags = spin_lock_irq_save(&idlers.lock);
    idlers.idle++;
    while (!idlers.over) {
        ignore_result(wait_queue_sleep(&idlers.queue, &idlers.lock, WAIT_FOREVER));
    }
    spin_unlock_irq_restore(&idlers.lock, flags);
}

/* Frames that the allocator gave for a number of blocked threads, everything included. */
BENCHMARK(idle_thread_bytes)
{
    static struct thread *threads[IDLE_THREADS];
    unsigned made = 0;

    spinlock_init(&idlers.lock, "idlers");
    wait_queue_init(&idlers.queue);
    idlers.over = false;
    idlers.idle = 0;
    benchmark_stacks_free();
    frame_cache_drain_this_cpu();
    size_t free_before = frame_free_count();
    while (made < IDLE_THREADS && thread_start("idler", idler, NULL, &threads[made]) == OK) {
        made++;
    }
    while (__atomic_load_n(&idlers.idle, __ATOMIC_ACQUIRE) < made) {
        ignore_result(thread_sleep_ns(1000000));
    }
    size_t used = free_before - frame_free_count();
    if (stack_mode_get() == STACK_MODE_LEND) {
        ignore_result(thread_sleep_ns(LATER_NS)); /* a batch may have been freed */
        frame_cache_drain_this_cpu();
        benchmark_report("idle_thread_bytes_later",
                         (free_before - frame_free_count()) * PAGE_BYTES / (made != 0 ? made : 1),
                         "bytes");
    }

    uint64_t flags = spin_lock_irq_save(&idlers.lock);
    idlers.over = true;
    wait_queue_wake_all(&idlers.queue);
    spin_unlock_irq_restore(&idlers.lock, flags);
    for (unsigned i = 0; i < made; i++) {
        thread_join(threads[i]);
    }
    console_print("# idle_thread_bytes: %lu frames for %u threads\n", used, made);
    benchmark_report("idle_thread_bytes", made != 0 ? used * PAGE_BYTES / made : 0, "bytes");
}
