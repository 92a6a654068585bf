/* The command about the magazines, caches and reserve behind all stacks: the map of stacks is monitor_map.c. */
#include "kernel/monitor/monitor.h"

#include "mm/frame/frame_survey.h"
#include "mm/frame/numa_counts.h"
#include "mm/frame/numa_node.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"

static void magazine_print(unsigned cpu)
{
    const struct magazine *own = &cpu_variable(magazine, cpu);
    console_print("%3u %5u of %-2u %9u %8lu %8lu %9lu %9lu %9lu\n", cpu, own->capacity - own->taken,
                  own->capacity, own->low_water, own->refills, own->refill_failures, own->faults[1],
                  own->faults[2], own->faults[3]);
}

/* Returns a part of a whole in tenths of a percent. */
static uint64_t per_mille(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : part * 1000 / whole;
}

static void caches_print(const struct stack_counts *counts)
{
    uint64_t rate =
        per_mille(counts->created_cached, counts->created_cached + counts->created_cold);
    console_print("Stacks created: %lu new, %lu from a cache (%lu.%lu %%), %lu larger ones; %lu "
                  "taken apart\n",
                  counts->created_cold, counts->created_cached, rate / 10, rate % 10,
                  counts->created_large, counts->reclaimed);
    console_print("Each CPU caches up to %u whole stacks; dead ones are freed %s\n",
                  stack_cache_size(),
                  stack_free_get() == STACK_FREE_BATCHED ? "in batches" : "at once");
    struct stack_batch_counts batches;
    stack_batch_counts_read(&batches);
    if (batches.grace_periods != 0) {
        console_print("Grace periods: %lu over, %lu stacks released by them, at most %lu at once\n",
                      batches.grace_periods, batches.released, batches.largest);
        console_print(
            "%lu were freed early because memory was short, %lu at once because too many waited\n",
            batches.flushed, batches.refused);
    }
}

#define LARGE_ORDER 9 /* 2 MiB */

static void fragmentation_print(void)
{
    static struct frame_survey survey;
    frame_survey(&survey);
    console_print(
        "Their %zu frames lie in %zu pieces. Without them %zu more blocks of 2 MiB would be\n"
        "free, besides the %zu that are (see mem)\n",
        survey.stack_frames, survey.stack_runs, survey.orders[LARGE_ORDER].kept_by_stacks,
        survey.orders[LARGE_ORDER].whole);
}

/*
 * Prints how many stacks and rounds of each CPU come from its own NUMA node, and how many do not.
 */
static void nodes_print(void)
{
    console_print_styled(CONSOLE_HEADING, "%3s %6s %16s %16s %16s   own/other node's frames\n",
                         "CPU", "node", "new stacks", "cached stacks", "rounds");
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct numa_node_counts *own = numa_node_counts_of(cpu);
        console_print("%3u %6u", cpu, frame_node_of_cpu(cpu));
        for (unsigned use = 0; use < NUMA_USES; use++) {
            console_print(" %9lu/%-6lu", own->local[use], own->remote[use]);
        }
        console_print("\n");
    }
}

MONITOR_COMMAND(mag, "", "show magazines, reserve, stack caches, and who waits")
{
    struct stack_counts counts;
    stack_counts_read(&counts);
    console_print_styled(CONSOLE_HEADING, "%3s %11s %9s %8s %8s %9s %9s %9s\n", "CPU", "rounds",
                         "low-water", "refills", "failures", "1-page", "2-page", "3-page faults");
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        magazine_print(cpu);
    }
    console_print("The reserve: %u of %u frames, %lu taken so far\n", stack_reserve_count(),
                  stack_reserve_capacity(), stack_reserve_taken());
    console_print("The gate: %u threads wait for memory, %lu have so far, the longest %lu us\n",
                  memory_queued(), gate_counts.waits, gate_counts.longest_wait_ns / 1000);
    caches_print(&counts);
    fragmentation_print();
    if (numa_node_count > 1) {
        nodes_print();
    }
    struct stack_swap_counts swap;
    stack_swap_counts_read(&swap);
    console_print(
        "The swapper: %u stacks are out, %lu were; %lu pages taken, %lu given back as they "
        "were (see swap)\n",
        swap.saved_now, swap.swapped, swap.shrunk, swap.returned);
    return OK;
}
