/* Commands about kernel stacks as a whole: the map of slots, and the magazines behind them. */
#include "kernel/monitor/monitor.h"

#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/watermark.h"
#include "lib/string.h"
#include "mm/frame/frame_survey.h"
#include "mm/frame/numa_counts.h"
#include "mm/frame/numa_node.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"

#define MAP_COLUMNS    64
#define LIVE_PERIOD_NS 250000000
#define LIVE_LINE_END  "\x1b[K\n" /* printed over the last map: erases the rest of the line */
#define LARGE_SHOWN    64
#define PAGE_KIB       (PAGE_BYTES / 1024)

struct stack_sums {
    uint32_t stacks, unowned, swapped, pages, pages_eager;
};

/* The slots of one row of the map that belong to threads, by bit. */
struct row_owners {
    uint32_t first;
    uint64_t owned;
};

static void owner_note(struct thread *thread, void *context)
{
    struct row_owners *row = context;
    uint32_t place = thread->slot - row->first;
    if (place < MAP_COLUMNS && thread->state != THREAD_DEAD) {
        row->owned |= 1UL << place;
    }
}

/* Returns the character of a slot: free, without a thread, or the number of backed pages. */
static char slot_character(uint32_t slot, bool owned, struct stack_sums *sums)
{
    uint64_t top = stack_entries(slot)[STACK_PAGES - 1];
    if (!(top & PAGE_PRESENT)) {
        if (stack_entry_is(top, STACK_PAGE_FREE)) {
            return '.';
        }
        sums->stacks++;
        sums->swapped++;
        sums->pages_eager += STACK_PAGES;
        return 's';
    }
    uint32_t pages = stack_pages_backed(slot);
    sums->stacks++;
    sums->pages += pages;
    sums->pages_eager += STACK_PAGES;
    sums->unowned += owned ? 0 : 1;
    return owned ? (char)('0' + pages) : 'c';
}

struct large_stack {
    uint32_t slot, id;
    char name[THREAD_NAME_SHOWN_BYTES];
};

/* The large stacks. They are found through the threads, because large stacks are not cached. */
struct large_stacks {
    uint32_t count; /* may be more than LARGE_SHOWN */
    struct large_stack stacks[LARGE_SHOWN];
};

static void large_note(struct thread *thread, void *context)
{
    struct large_stacks *out = context;
    if (!stack_is_large(thread->slot) || thread->state == THREAD_DEAD) {
        return;
    }
    if (out->count < LARGE_SHOWN) {
        struct large_stack *stack = &out->stacks[out->count];
        stack->slot = thread->slot;
        stack->id = thread->id;
        thread_name_copy(stack->name, thread);
    }
    out->count++;
}

/* Prints a line for each stack that is larger than 16 KiB. Returns the number of lines. */
static unsigned large_print(struct stack_sums *sums, const char *end)
{
    static struct large_stacks large; /* the monitor's thread only */
    large.count = 0;
    thread_for_each(large_note, &large);
    for (uint32_t i = 0; i < large.count && i < LARGE_SHOWN; i++) {
        const struct large_stack *stack = &large.stacks[i];
        uint32_t pages = stack_pages_backed(stack->slot);
        uint32_t most = (uint32_t)(stack_bytes_of(stack->slot) / PAGE_BYTES);
        sums->stacks++;
        sums->pages += pages;
        sums->pages_eager += most;
        console_print("%7u  %lu KiB: %u of %u pages, thread %u (%s)%s", stack->slot,
                      stack_bytes_of(stack->slot) / 1024, pages, most, stack->id, stack->name, end);
    }
    if (large.count > LARGE_SHOWN) {
        console_print("         and %u more stacks larger than 16 KiB, not in the sums%s",
                      large.count - LARGE_SHOWN, end);
        return LARGE_SHOWN + 1;
    }
    return large.count;
}

/* Prints the map, each line ended by `end`. Returns the number of lines. */
static unsigned map_print(const char *end)
{
    struct stack_sums sums = {0};
    unsigned lines = 3;
    uint32_t made = stack_slots_made(0);
    console_print_styled(CONSOLE_HEADING,
                         "   slot  1-4 pages backed, c in a CPU's cache, s swapped out, . free\n");
    for (uint32_t first = 0; first < made; first += MAP_COLUMNS, lines++) {
        struct row_owners owners = {.first = first};
        char line[MAP_COLUMNS + 1] = {0};
        bool used = false;
        thread_for_each(owner_note, &owners);
        for (uint32_t i = 0; i < MAP_COLUMNS && first + i < made; i++) {
            line[i] = slot_character(first + i, owners.owned >> i & 1, &sums);
            used = used || line[i] != '.';
        }
        if (used) {
            console_print("%7u  %s%s", first, line, end);
        } else {
            lines--; /* rows without a used slot are left out */
        }
        if (lines > 3 + 512 && monitor_stop_wanted()) {
            break;
        }
    }
    lines += large_print(&sums, end);
    uint32_t eager_kib = sums.pages_eager * (uint32_t)PAGE_KIB;
    uint32_t backed_kib = sums.pages * (uint32_t)PAGE_KIB;
    uint32_t saved = eager_kib == 0 ? 0 : (eager_kib - backed_kib) * 100 / eager_kib;
    console_print("%u slots made for 16 KiB; %u stacks, %u of them cached, %u swapped out; "
                  "%u of %u pages backed%s",
                  made, sums.stacks, sums.unowned, sums.swapped, sums.pages, sums.pages_eager, end);
    console_print("%u KiB instead of %u KiB with eager stacks: %u %% saved%s", backed_kib,
                  eager_kib, saved, end);
    return lines;
}

/* `stacks entry`: the kinds of entry stacks, with the deepest use on any CPU. */
static void entry_stacks_print(void)
{
    struct watermark mark;
    console_print_styled(CONSOLE_HEADING, "entry stack    deepest use, on any CPU\n");
    for (unsigned i = 1; watermark_read(i, &mark); i++) {
        console_print("%-14s %lu of %lu bytes\n", mark.name, mark.bytes, mark.limit);
    }
}

MONITOR_COMMAND(stacks, "[live|entry]", "map the stack slots; live: until a key is pressed")
{
    if (count == 1 && string_equal(arguments[0], "entry")) {
        entry_stacks_print();
        return OK;
    }
    bool live = count == 1;
    if (live && !string_equal(arguments[0], "live")) {
        return ERROR_INVALID;
    }
    unsigned lines = map_print(live ? LIVE_LINE_END : "\n");
    while (live && console_try_read_key() == KEY_NONE) { /* takes one key, and leaves the others */
        (void)thread_sleep_ns(LIVE_PERIOD_NS);
        console_print("\x1b[%uA", lines);
        unsigned now = map_print(LIVE_LINE_END);
        for (unsigned line = now; line < lines; line++) {
            console_print("\x1b[K\n"); /* the map has become shorter */
        }
        lines = now > lines ? now : lines;
    }
    return OK;
}

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
