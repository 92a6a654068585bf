/*
 * The cost of sleeping threads: memory, before and after the swapper's work, and the swapper's own
 * cost in ticks (instructions, where the machine counts them). Figures are by thread.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/console/console.h"
#include "kernel/options.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/slab.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/thread.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/bench/benchmarks.h"

#define SLEEPERS     1000
#define DEEP_BYTES   (12 * 1024)
#define SAMPLES      1000
#define TABLES_MAX   1024
#define BOUNCES      100
#define BOUNCE_AGE   8 /* ms */
#define BOUNCE_SLEEP 40000000
#define SETTLE_SLEEP 250000000 /* longer than the time between two batches of stack=lend */

static struct {
    struct spinlock lock;
    struct wait_queue queue;
    uint32_t round; /* a change wakes all */
    uint32_t asleep;
    bool over;
} crowd;

static struct thread *sleepers[SLEEPERS];
static unsigned sleepers_made;

static void sleeper(void *argument maybe_unused)
{
    uint64_t flags = spin_lock_irq_save(&crowd.lock);
    while (!crowd.over) {
        uint32_t round = crowd.round;
        crowd.asleep++;
        while (crowd.round == round) {
            ignore_result(wait_queue_sleep(&crowd.queue, &crowd.lock, WAIT_FOREVER));
        }
        /* As deep calls would; the value is not used. */
        *(volatile char *)(stack_top(thread_current()->slot) - DEEP_BYTES) = 1;
    }
    spin_unlock_irq_restore(&crowd.lock, flags);
}

static void crowd_wait(uint32_t asleep)
{
    while (__atomic_load_n(&crowd.asleep, __ATOMIC_ACQUIRE) < asleep) {
        ignore_result(thread_sleep_ns(1000000));
    }
}

static void crowd_wake(bool over)
{
    uint64_t flags = spin_lock_irq_save(&crowd.lock);
    crowd.over = over;
    crowd.round++;
    crowd.asleep = 0;
    wait_queue_wake_all(&crowd.queue);
    spin_unlock_irq_restore(&crowd.lock, flags);
}

static void crowd_start(void)
{
    spinlock_init(&crowd.lock, "crowd");
    wait_queue_init(&crowd.queue);
    crowd.round = crowd.asleep = 0;
    crowd.over = false;
    swapper_quiet_set(true);
    for (sleepers_made = 0; sleepers_made < SLEEPERS; sleepers_made++) {
        if (thread_start("sleeper", sleeper, NULL, &sleepers[sleepers_made]) != OK) {
            break;
        }
    }
    crowd_wait(sleepers_made);
}

static void crowd_end(void)
{
    crowd_wake(true);
    for (unsigned i = 0; i < sleepers_made; i++) {
        thread_join(sleepers[i]);
    }
    swapper_quiet_set(false);
}

/*
 * Counts the leaf tables of the sleepers' stacks that were there before: their frames count, too.
 */
static size_t tables_from_before(uint32_t made_before)
{
    static bool used[TABLES_MAX];
    size_t count = 0;
    for (unsigned i = 0; i < TABLES_MAX; i++) {
        used[i] = false;
    }
    for (unsigned i = 0; i < sleepers_made; i++) {
        uint32_t table = sleepers[i]->slot / (512 / STACK_SLOT_PAGES);
        if (sleepers[i]->slot < made_before && table < TABLES_MAX && !used[table]) {
            used[table] = true;
            count++;
        }
    }
    return count;
}

/* Counts from before the threads exist, to find their frames afterwards. */
static struct {
    size_t free_before;
    size_t tables;
} memory;

static void memory_report(const char *name)
{
    size_t frames = memory.free_before - frame_free_count() + memory.tables;
    console_print("# %s: %lu frames for %u threads\n", name, frames, sleepers_made);
    benchmark_report(name, sleepers_made != 0 ? frames * PAGE_BYTES / sleepers_made : 0, "bytes");
}

static void memory_start(void)
{
    benchmark_stacks_free();
    slab_reap();
    uint32_t made_before = stack_slots_made(0);
    memory.free_before = frame_free_count();
    crowd_start();
    memory.tables = tables_from_before(made_before);
}

/*
 * With stack=lend in batches, untouched pages are taken back a little later, about ten times a
 * second. Waits until none was for a while.
 */
static void memory_settle(void)
{
    for (size_t free = 0; free != frame_free_count();) {
        free = frame_free_count();
        ignore_result(thread_sleep_ns(SETTLE_SLEEP));
    }
}

static void memory_swap(enum swapper_take take)
{
    (void)swapper_pass(NULL, take);
    (void)stack_standby_free(UINT32_MAX);
}

/* Counts everything: stack, thread, page table, saved bytes. */
BENCHMARK(blocked_thread_bytes)
{
    memory_start();
    memory_settle();
    memory_report("blocked_thread_bytes_before");
    uint32_t swapped = swapper_pass(NULL, SWAPPER_SWAP);
    (void)stack_standby_free(UINT32_MAX);
    console_print("# %u threads swapped out, each %lu bytes of thread and %lu of stack\n", swapped,
                  sizeof(struct thread), stack_top(sleepers[0]->slot) - sleepers[0]->saved_rsp);
    memory_report("blocked_thread_bytes");
    crowd_end();
}

/* A thousand threads sleep; then each goes 12 KiB deep and comes back; then the swapper works. */
BENCHMARK(memory)
{
    memory_start();
    memory_report("memory_idle_bytes");
    memory_settle();
    memory_report("memory_idle_later_bytes");
    memory_swap(SWAPPER_SHRINK);
    memory_report("memory_idle_shrunk_bytes");
    memory_swap(SWAPPER_SWAP);
    memory_report("memory_idle_swapped_bytes");
    crowd_wake(false); /* all go deep, and sleep again */
    crowd_wait(sleepers_made);
    memory_settle();
    memory_report("memory_deep_bytes");
    memory_swap(SWAPPER_SHRINK);
    memory_report("memory_deep_shrunk_bytes");
    memory_swap(SWAPPER_SWAP);
    memory_report("memory_deep_swapped_bytes");
    crowd_end();
}

/* One pass over many threads, with everything: walk, batches, two switches, shootdowns. */
static void pass_report(const char *name, enum swapper_take take)
{
    uint64_t start = tsc_read_ordered();
    uint32_t threads = swapper_pass(NULL, take);
    uint64_t ticks = tsc_read_ordered() - start - benchmark_overhead();
    console_print("# %s: %u threads in one pass\n", name, threads);
    benchmark_report(name, threads != 0 ? ticks / threads : 0, "instructions");
}

BENCHMARK(swap_out)
{
    crowd_start();
    pass_report("swap_out", SWAPPER_SWAP);
    crowd_end();
}

BENCHMARK(shrink)
{
    crowd_start();
    crowd_wake(false);
    crowd_wait(sleepers_made);
    pass_report("shrink", SWAPPER_SHRINK);
    crowd_end();
}

static struct {
    struct semaphore wake;
    uint64_t start, ticks;
    bool over;
} one;

/* Is more urgent than the thread that wakes it, so it runs at once. */
static void one_run(void *argument maybe_unused)
{
    while (!one.over) {
        semaphore_down(&one.wake);
        one.ticks = tsc_read_ordered() - one.start - benchmark_overhead();
    }
}

static uint64_t samples[SAMPLES];

static void wake_measure(struct thread *thread, const char *name, bool swap, bool demand)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        if (swap) {
            (void)swapper_pass(thread, SWAPPER_SWAP);
        }
        if (demand) {
            (void)stack_standby_free(UINT32_MAX);
        }
        thread_yield(); /* fills the magazine */
        one.start = tsc_read_ordered();
        semaphore_up(&one.wake);
        samples[i] = one.ticks;
    }
    benchmark_samples_report(name, samples, SAMPLES);
}

/*
 * From the wake-up to the thread's next instruction, for a thread in place and a swapped-out one.
 */
BENCHMARK(swap_in)
{
    const struct thread_options urgent = {
        .name = "sleeper", .priority = THREAD_PRIORITIES - 1, .affinity = 1UL << cpu_number()};
    struct thread *thread;
    swapper_quiet_set(true);
    semaphore_init(&one.wake, 0);
    one.over = false;
    if (thread_create(&urgent, one_run, NULL, &thread) != OK) {
        console_print("# no thread for the benchmark\n");
        return;
    }
    wake_measure(thread, "wake", false, false);
    wake_measure(thread, "wake_page_returned", true, false);
    wake_measure(thread, "swap_in", true, true);
    one.over = true;
    semaphore_up(&one.wake);
    thread_join(thread);
    swapper_quiet_set(false);
}

static void bouncer(void *argument maybe_unused)
{
    for (unsigned i = 0; i < BOUNCES; i++) {
        *(volatile char *)(stack_top(thread_current()->slot) - DEEP_BYTES) = 1;
        ignore_result(thread_sleep_ns(BOUNCE_SLEEP));
    }
    one.over = true;
}

static uint64_t faults_sum(void)
{
    uint64_t sum = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        for (unsigned pages = 1; pages < STACK_PAGES; pages++) {
            sum += cpu_variable(magazine, cpu).faults[pages];
        }
    }
    return sum;
}

/*
 * A thread goes deep at each wake and sleeps five times the shrink age, while others need frames.
 */
static void bounce_measure(bool hysteresis)
{
    struct thread *thread;
    struct swapper_counts before, after;
    struct stack_swap_counts pages_before, pages_after;
    swapper_hysteresis_set(hysteresis);
    swapper_ages_set(BOUNCE_AGE, 0);
    swapper_counts_read(&before);
    stack_swap_counts_read(&pages_before);
    uint64_t faults = faults_sum();
    one.over = false;
    if (thread_start("bouncer", bouncer, NULL, &thread) == OK) {
        while (!one.over) {
            ignore_result(thread_sleep_ns(BOUNCE_SLEEP / 4));
            (void)stack_standby_free(UINT32_MAX);
        }
        thread_join(thread);
    }
    swapper_counts_read(&after);
    stack_swap_counts_read(&pages_after);
    benchmark_report(hysteresis ? "bounce_faults" : "bounce_faults_no_hysteresis",
                     faults_sum() - faults, "faults in 100 wakes");
    benchmark_report(hysteresis ? "bounce_shootdowns" : "bounce_shootdowns_no_hysteresis",
                     after.batches - before.batches, "rounds in 100 wakes");
    benchmark_report(hysteresis ? "bounce_refills" : "bounce_refills_no_hysteresis",
                     pages_after.refilled - pages_before.refilled, "pages in 100 wakes");
}

BENCHMARK(bounce)
{
    bounce_measure(false);
    bounce_measure(true);
    swapper_ages_set(options.shrink_age_ms, options.swap_age_ms);
}
