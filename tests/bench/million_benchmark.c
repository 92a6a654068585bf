/*
 * As many blocked kernel threads as bench-threads= says, all at once: each writes bytes on its
 * stack and sleeps. The swapper takes its stack at once, as it would later by itself. Then each is
 * woken, checks its bytes, goes 6 KiB deep, and ends. `make million` runs it with a million.
 *
 * With stack=eager the swapper takes nothing, as in kernels whose stacks are whole: this shows how
 * many threads fit there, and how the next creation fails.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/console/console.h"
#include "kernel/options.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/thread.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/bench/benchmarks.h"
#include "tests/bench/macro.h"

#define WORDS         4    /* on each stack, to be checked */
#define DEEP_BYTES    6144 /* counted from the top of the stack */
#define STEPS         20   /* lines of progress */
#define STEP_NS       1000000
#define RECLAIM_EVERY 256 /* threads that are woken */

static struct semaphore crowd_wake = SEMAPHORE(crowd_wake, 0);
static struct thread *newest; /* of the crowd; blocked, except while it is created or woken */
static uint32_t awake_wrong, ended;
static uint64_t
    progress_ticks; /* that lines of progress took, which are no part of a thread's cost */

static uint64_t word_of(uint32_t number, unsigned i)
{
    return (number + 1UL) * 0x9e3779b97f4a7c15 + i;
}

/* Is more urgent than the thread that creates and wakes it, so it runs at once. */
static void crowd_member(void *argument)
{
    volatile uint64_t words[WORDS];
    uint32_t number = (uint32_t)(uintptr_t)argument;
    bool right = true;
    for (unsigned i = 0; i < WORDS; i++) {
        words[i] = word_of(number, i);
    }
    newest = thread_current();
    semaphore_down(&crowd_wake);
    macro_descend(DEEP_BYTES);
    for (unsigned i = 0; i < WORDS; i++) {
        right = right && words[i] == word_of(number, i);
    }
    awake_wrong += !right;
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELEASE);
}

static void progress_print(uint32_t done, uint32_t all, const char *what)
{
    if (all >= STEPS && done % (all / STEPS) == 0) {
        uint64_t start = tsc_read();
        console_print("# %u of %u %s, %lu MiB free\n", done, all, what,
                      frame_free_count() * PAGE_BYTES >> 20);
        progress_ticks += tsc_read() - start;
    }
}

static uint32_t crowd_create(uint32_t wanted, bool swap, uint64_t *swap_ticks)
{
    const struct thread_options urgent = {
        .name = "crowd", .priority = THREAD_PRIORITIES - 1, .affinity = 1UL << cpu_number()};
    for (uint32_t made = 0; made < wanted; made++) {
        int error = thread_create(&urgent, crowd_member, (void *)(uintptr_t)made, NULL);
        if (error != OK) {
            console_print("# thread %u cannot be created: %s\n", made, error_name(error));
            return made;
        }
        if (swap) {
            uint64_t start = tsc_read();
            (void)swapper_pass(newest, SWAPPER_SWAP);
            *swap_ticks += tsc_read() - start;
        }
        progress_print(made + 1, wanted, "sleep");
    }
    return wanted;
}

static void blocked_count(struct thread *thread, void *context)
{
    uint32_t *count = context;
    *count += thread->priority == THREAD_PRIORITIES - 1 && thread_is_blocked(thread);
}

/* By part, in bytes for each thread: frames that left the allocator, divided by the threads. */
static void parts_report(uint32_t threads, size_t free_before, const size_t *owned_before,
                         uint32_t tables_before)
{
    static const struct {
        enum frame_owner owner;
        const char *name;
    } parts[] = {{FRAME_OWNER_SLAB, "million_bytes_objects"},
                 {FRAME_OWNER_STACK, "million_bytes_stacks"}};
    for (unsigned i = 0; i < array_length(parts); i++) {
        size_t more = frame_owned_count(parts[i].owner) - owned_before[parts[i].owner];
        benchmark_report(parts[i].name, more * PAGE_BYTES / threads, "bytes");
    }
    benchmark_report("million_bytes_tables",
                     (stack_tables_made() - tables_before) * PAGE_BYTES / threads, "bytes");
    benchmark_report("million_bytes", (free_before - frame_free_count()) * PAGE_BYTES / threads,
                     "bytes");
    console_print("# the thread's object has %lu bytes, and %lu of its stack are live\n",
                  sizeof(struct thread), stack_top(newest->slot) - newest->saved_rsp);
}

/*
 * Wakes one after the other. If all were woken at once, most would wait for memory, in a queue of
 * which each tick grants a few. Frees the stacks of those that have ended, too: the reclaimer would
 * do so when memory is out, which wakes wait for, and where there is much memory after the end.
 */
static void crowd_end(uint32_t threads)
{
    uint32_t others = thread_count() - threads;
    for (uint32_t woken = 0; woken < threads; woken++) {
        semaphore_up(&crowd_wake);
        while (__atomic_load_n(&ended, __ATOMIC_ACQUIRE) <= woken) {
            ignore_result(thread_sleep_ns(STEP_NS)); /* it waits for memory: stacks are reaped */
        }
        if (woken % RECLAIM_EVERY == 0) {
            (void)stack_reclaim();
        }
        progress_print(woken + 1, threads, "woken");
    }
    while (thread_count() > others) {
        ignore_result(thread_sleep_ns(STEP_NS));
    }
    while (stack_reclaim() != 0) {
    }
}

BENCHMARK_SCENARIO(million)
{
    size_t owned[FRAME_OWNER_COUNT];
    bool swap = stack_mode_get() != STACK_MODE_EAGER;
    uint64_t swap_ticks = 0;
    uint32_t blocked = 0;

    benchmark_stacks_free();
    swapper_quiet_set(true);
    for (unsigned owner = 0; owner < FRAME_OWNER_COUNT; owner++) {
        owned[owner] = frame_owned_count(owner);
    }
    size_t free_before = frame_free_count();
    uint32_t tables_before = stack_tables_made();
    awake_wrong = ended = 0;
    progress_ticks = 0;
    uint64_t start = tsc_read();
    uint32_t threads = crowd_create(options.bench_threads, swap, &swap_ticks);
    uint64_t created = tsc_read() - start - swap_ticks - progress_ticks;
    (void)stack_standby_free(UINT32_MAX); /* such pages are free for all who need some */
    thread_for_each(blocked_count, &blocked);
    benchmark_report("million_blocked", blocked, "threads");
    if (threads != 0) {
        parts_report(threads, free_before, owned, tables_before);
        progress_ticks = 0;
        uint64_t wake = tsc_read();
        crowd_end(threads);
        uint64_t over = tsc_read() - wake - progress_ticks;
        benchmark_report("million_create", created / threads, "instructions");
        benchmark_report("million_swap_out", swap_ticks / threads, "instructions");
        benchmark_report("million_wake_to_end", over / threads, "instructions");
    }
    benchmark_report("million_right", ended - awake_wrong, "threads");
    swapper_quiet_set(false);
}
