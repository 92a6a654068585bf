/*
 * The hit rate of a cache of whole stacks, when the stacks of ended threads return at once and when
 * they return after a grace period, all together, for the same creations and ends. Two kinds of
 * work: threads one after the other, as a shell runs commands; and eight at a time.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reap.h"
#include "sched/core/thread.h"
#include "tests/bench/benchmarks.h"

#define CREATIONS 20000
#define BURST     8

#define TREES      400
#define TREE_DEPTH 4

static void nothing(void *argument maybe_unused)
{
}

/* Creates and joins threads, `at_a_time` at once. Returns false if a thread cannot be had. */
static bool threads_live(unsigned creations, unsigned at_a_time)
{
    struct thread *threads[BURST];
    for (unsigned done = 0; done < creations; done += at_a_time) {
        for (unsigned i = 0; i < at_a_time; i++) {
            if (thread_start("short", nothing, NULL, &threads[i]) != OK) {
                console_print("# no thread for the benchmark\n");
                return false;
            }
        }
        for (unsigned i = 0; i < at_a_time; i++) {
            thread_join(threads[i]);
        }
    }
    return true;
}

static void cache_report(const char *name, enum stack_free how, unsigned at_a_time)
{
    struct stack_counts before, after;
    struct stack_batch_counts batches_before, batches;

    stack_free_set(how);
    benchmark_stacks_free();
    stack_batch_counts_read(&batches_before);
    stack_counts_read(&before);
    uint64_t start = tsc_read_ordered();
    if (!threads_live(CREATIONS, at_a_time)) {
        return;
    }
    uint64_t ticks = tsc_read_ordered() - start;
    stack_counts_read(&after);
    stack_batch_counts_read(&batches);
    uint64_t hits = after.created_cached - before.created_cached;
    uint64_t creations = hits + after.created_cold - before.created_cold;
    console_print("# %s: %lu of %lu creations from the cache, %lu instructions a thread, zeroing "
                  "included; %lu grace periods\n",
                  name, hits, creations, ticks / creations,
                  batches.grace_periods - batches_before.grace_periods);
    benchmark_report(name, hits * 100 / creations, "percent");
}

static void cache_compare(const char *immediate, const char *batched, unsigned at_a_time)
{
    enum stack_free how = stack_free_get();
    cache_report(immediate, STACK_FREE_IMMEDIATE, at_a_time);
    cache_report(batched, STACK_FREE_BATCHED, at_a_time);
    stack_free_set(how);
}

BENCHMARK(cache_hit_percent)
{
    cache_compare("cache_hit_percent_immediate", "cache_hit_percent_batched", 1);
}

/* A thread of a tree: creates both children, waits for them, ends. */
static void branch(void *argument)
{
    uintptr_t below = (uintptr_t)argument;
    struct thread *children[2];
    unsigned count = 0;
    for (; below != 0 && count < array_length(children); count++) {
        if (thread_start("branch", branch, (void *)(below - 1), &children[count]) != OK) {
            break;
        }
    }
    while (count > 0) {
        thread_join(children[--count]);
    }
}

/* Imitates a build, where commands start commands: trees of 2^(TREE_DEPTH + 1) - 1 threads. */
BENCHMARK(cache_hit_percent_tree)
{
    struct stack_counts before, after;
    enum stack_free how = stack_free_get();
    stack_free_set(STACK_FREE_IMMEDIATE);
    stack_counts_read(&before);
    for (unsigned i = 0; i < TREES; i++) {
        branch((void *)(uintptr_t)TREE_DEPTH);
    }
    stack_counts_read(&after);
    uint64_t hits = after.created_cached - before.created_cached;
    uint64_t created = hits + after.created_cold - before.created_cold;
    console_print("# cache_hit_percent_tree: %lu of %lu from the cache\n", hits, created);
    benchmark_report("cache_hit_percent_tree", hits * 100 / created, "percent");
    stack_free_set(how);
}

BENCHMARK(cache_hit_percent_bursts)
{
    cache_compare("cache_hit_percent_bursts_immediate", "cache_hit_percent_bursts_batched", BURST);
}
