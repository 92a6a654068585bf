/*
 * The commands that draw kernel stacks: the map of slots, which `stacks live` draws again and again, and the entry
 * stacks.
 */
#include "kernel/monitor/monitor.h"

#include "arch/x86_64/entry/watermark.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/information/counters.h"
#include "kernel/monitor/stack_cell.h"
#include "lib/string.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"

#define MAP_COLUMNS    64
#define MAP_ROWS       512
#define OWNER_SLOTS    (MAP_COLUMNS * LIVE_COLUMNS)
#define OWNER_NONE     '\0'
#define LIVE_COLUMNS   22 /* cells of three characters: a row is narrower than a screen of text */
#define LIVE_ROWS      16 /* the map and what stands around it are less high than a screen of text */
#define LIVE_CPUS      16
#define LIVE_PERIOD_NS 250000000
#define LIVE_LINE_END  "\x1b[K\n" /* printed over the last map: erases the rest of the line */
#define LARGE_SHOWN    64
#define PAGE_KIB       (PAGE_BYTES / 1024)
#define NANOSECONDS    1000000000UL

struct stack_sums {
    uint32_t stacks, unowned, swapped, pages, pages_eager;
};

/*
 * For the slots from `first` on, the character for the KiB in use by the thread that a slot belongs to, or OWNER_NONE.
 * One walk over all threads fills it for many rows.
 */
static struct slot_owners {
    uint32_t first;
    char kib_used[OWNER_SLOTS];
} slot_owners; /* the monitor's thread only */

static void owner_note(struct thread *thread, void *context)
{
    struct slot_owners *owners = context;
    uint32_t place = thread->slot - owners->first;
    if (place < OWNER_SLOTS && thread->state != THREAD_DEAD) {
        owners->kib_used[place] = stack_cell_kib(thread);
    }
}

/* Returns the entries of slot_owners for a row, whose slots must not lie on both sides of a multiple of OWNER_SLOTS. */
static const char *row_owners(uint32_t first)
{
    if (first % OWNER_SLOTS == 0) {
        slot_owners.first = first;
        memset(slot_owners.kib_used, OWNER_NONE, sizeof(slot_owners.kib_used));
        thread_for_each(owner_note, &slot_owners);
    }
    return &slot_owners.kib_used[first % OWNER_SLOTS];
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

/* What the last map of `stacks live` showed. */
static struct live_map {
    uint64_t at_ns;
    uint64_t counters[COUNTERS];
    uint32_t first[LIVE_ROWS];           /* slot of each row */
    char cells[LIVE_ROWS][LIVE_COLUMNS]; /* as slot_character() gave them */
    bool drawn;
} live_map; /* the monitor's thread only */

/*
 * Prints a row of cells: the slot's character, a letter if its pages have become more since the last map, and the
 * character for the KiB in use.
 */
static void live_row_print(unsigned row, uint32_t first, const char *characters,
                           const char *kib_used)
{
    char line[3 * LIVE_COLUMNS + 1];
    char *to = line;
    bool same = live_map.drawn && live_map.first[row] == first;
    for (unsigned i = 0; i < LIVE_COLUMNS && characters[i] != '\0'; i++) {
        char now = characters[i], before = same ? live_map.cells[row][i] : now;
        *to++ = stack_cell_pages(now, before);
        *to++ = kib_used[i] == OWNER_NONE ? ' ' : kib_used[i];
        *to++ = ' ';
        live_map.cells[row][i] = now;
    }
    *to = '\0';
    live_map.first[row] = first;
    console_print("%7u  %s%s", first, line, LIVE_LINE_END);
}

/* Prints the magazines and the reserve, and what happened since the last map, a second. Returns the lines. */
static unsigned live_rates_print(void)
{
    static const enum counter shown[] = {
        COUNTER_switches,       COUNTER_stack_faults_1, COUNTER_stack_faults_2,
        COUNTER_stack_faults_3, COUNTER_refills,        COUNTER_gate_waits,
        COUNTER_shootdowns,     COUNTER_swap_out,       COUNTER_swap_in};
    unsigned cpus = cpu_online_count();
    console_print("magazines");
    for (unsigned cpu = 0; cpu < cpus && cpu < LIVE_CPUS; cpu++) {
        const struct magazine *own = &cpu_variable(magazine, cpu);
        console_print(" %u", own->capacity - own->taken);
    }
    console_print("%s; reserve %u of %u%s", cpus > LIVE_CPUS ? " ..." : "", stack_reserve_count(),
                  stack_reserve_capacity(), LIVE_LINE_END);
    uint64_t now = clock_now_ns(), past = now - live_map.at_ns;
    console_print("a second:");
    for (unsigned i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        uint64_t value = counter_value(shown[i]), more = value - live_map.counters[shown[i]];
        live_map.counters[shown[i]] = value;
        if (live_map.drawn && more != 0 && past != 0) {
            console_print(" %s %lu", counter_name(shown[i]), more * NANOSECONDS / past);
        }
    }
    console_print("%s", LIVE_LINE_END);
    live_map.at_ns = now;
    live_map.drawn = true;
    return 2;
}

/* Prints the rows of the map that have a used slot. Returns the number of lines. */
static unsigned rows_print(bool live, uint32_t made, struct stack_sums *sums)
{
    unsigned columns = live ? LIVE_COLUMNS : MAP_COLUMNS, lines = 0, left = 0;
    for (uint32_t first = 0; first < made; first += columns) {
        const char *kib_used = row_owners(first);
        char line[MAP_COLUMNS + 1] = {0};
        bool used = false;
        for (uint32_t i = 0; i < columns && first + i < made; i++) {
            line[i] = slot_character(first + i, kib_used[i] != OWNER_NONE, sums);
            used = used || line[i] != '.';
        }
        if (used && live && lines == LIVE_ROWS) {
            left++;
        } else if (used && live) {
            live_row_print(lines++, first, line, kib_used);
        } else if (used) {
            console_print("%7u  %s\n", first, line);
            lines++;
        }
        if (lines > MAP_ROWS && monitor_stop_wanted()) {
            break;
        }
    }
    if (left != 0) {
        console_print("         and %u more rows%s", left, LIVE_LINE_END);
        lines++;
    }
    return lines;
}

/* Prints the map. Returns the number of lines. */
static unsigned map_print(bool live)
{
    struct stack_sums sums = {0};
    const char *end = live ? LIVE_LINE_END : "\n";
    uint32_t made = stack_slots_made(0);
    console_print_styled(
        CONSOLE_HEADING, "%s\n",
        live ? "   slot  1-4 pages, a-d: just grown, s swapped out, c cached; KiB in use, -: runs"
             : "   slot  1-4 pages backed, c in a CPU's cache, s swapped out, . free");
    unsigned lines = rows_print(live, made, &sums);
    lines += large_print(&sums, end);
    uint32_t eager_kib = sums.pages_eager * (uint32_t)PAGE_KIB;
    uint32_t backed_kib = sums.pages * (uint32_t)PAGE_KIB;
    uint32_t saved = eager_kib == 0 ? 0 : (eager_kib - backed_kib) * 100 / eager_kib;
    console_print("%u slots made for 16 KiB; %u stacks, %u of them cached, %u swapped out%s", made,
                  sums.stacks, sums.unowned, sums.swapped, end);
    console_print("%u of %u pages backed, %u of %u KiB: %u %% saved against eager stacks%s",
                  sums.pages, sums.pages_eager, backed_kib, eager_kib, saved, end);
    return lines + 3 + (live ? live_rates_print() : 0);
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
    live_map.drawn = false;
    unsigned lines = map_print(live);
    while (live && console_try_read_key() == KEY_NONE) { /* takes one key, and leaves the others */
        (void)thread_sleep_ns(LIVE_PERIOD_NS);
        console_print("\x1b[%uA", lines);
        unsigned now = map_print(true);
        for (unsigned line = now; line < lines; line++) {
            console_print("\x1b[K\n"); /* the map has become shorter */
        }
        lines = now > lines ? now : lines;
    }
    return OK;
}
