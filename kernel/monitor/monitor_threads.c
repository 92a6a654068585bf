/* Commands about threads and the processors that run them. */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/entry/backtrace.h"
#include "kernel/monitor/monitor.h"
#include "kernel/nmi.h"
#include "lib/format.h"
#include "lib/number.h"
#include "lib/string.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "sched/core/stack_used.h"
#include "sched/core/thread_trace.h"

/* Threads are copied so many at a time, because nothing may be printed under the list's lock. */
#define ROWS 32

struct row {
    uint32_t id, slot;
    uint8_t state, priority, cpu;
    uint16_t pages, pages_most;
    bool swapped;
    uint32_t used;
    char name[THREAD_NAME_SHOWN_BYTES];
};

struct rows {
    uint32_t after; /* only threads with a higher id are copied */
    uint32_t count;
    struct row rows[ROWS];
};

static struct rows rows; /* the monitor's thread only */

/* Copies a thread. The list's lock is held. Ids grow along the list, until they wrap around. */
static void row_take(struct thread *thread, void *context)
{
    struct rows *out = context;
    if (thread->id <= out->after || out->count == ROWS || thread->state == THREAD_DEAD) {
        return;
    }
    struct row *row = &out->rows[out->count++];
    row->id = thread->id;
    row->slot = thread->slot;
    row->state = thread->state;
    row->swapped = (thread->pending & THREAD_PENDING_SWAPPED) != 0;
    row->priority = thread->priority;
    row->cpu = thread->cpu;
    row->pages = (uint16_t)stack_pages_backed(thread->slot);
    row->pages_most = thread->pages_most > row->pages ? thread->pages_most : row->pages;
    row->used = stack_used_bytes(thread);
    thread_name_copy(row->name, thread);
}

/* Copies the next threads by id. Returns false if there are no more. */
static bool rows_fill(uint32_t after)
{
    rows.after = after;
    rows.count = 0;
    thread_for_each(row_take, &rows);
    return rows.count != 0;
}

static void row_print(const struct row *row)
{
    char depth[16] = "-";
    if (row->used != STACK_USED_UNKNOWN) {
        format_string(depth, sizeof(depth), "%u", row->used);
    }
    console_print("%5u %-15s %-8s %3u %4u %7u %3u of %-3u %9s %8u KiB\n", row->id, row->name,
                  row->swapped ? "swapped" : thread_state_name(row->state), row->cpu, row->priority,
                  row->slot, row->pages, (unsigned)(stack_bytes_of(row->slot) / PAGE_BYTES), depth,
                  row->pages_most * (unsigned)(PAGE_BYTES / 1024));
}

MONITOR_COMMAND(threads, "", "list the threads and what their stacks hold")
{
    console_print_styled(CONSOLE_HEADING, "%5s %-15s %-8s %3s %4s %7s %10s %9s %12s\n", "id",
                         "name", "state", "CPU", "prio", "slot", "backed", "depth", "at most");
    for (uint32_t after = 0; rows_fill(after) && !monitor_stop_wanted();) {
        for (uint32_t i = 0; i < rows.count; i++) {
            row_print(&rows.rows[i]);
            after = rows.rows[i].id;
        }
    }
    console_print(
        "%u threads. Depth in bytes; it is unknown for threads that run on another CPU.\n",
        thread_count());
    return OK;
}

static bool digits_only(const char *text)
{
    while (*text >= '0' && *text <= '9') {
        text++;
    }
    return *text == '\0';
}

static void cpu_print(unsigned cpu)
{
    const struct magazine *own = &cpu_variable(magazine, cpu);
    const char *running = "?";
    for (uint32_t after = 0; rows_fill(after);) {
        for (uint32_t i = 0; i < rows.count; i++) {
            const struct row *row = &rows.rows[i];
            after = row->id;
            if (row->state == THREAD_RUNNING && row->cpu == cpu) {
                running = row->name;
            }
        }
        if (*running != '?') {
            break; /* before rows_fill() overwrites the row */
        }
    }
    console_print("%3u %8u %6u of %-2u  %s%s\n", cpu, lapic_id_of(cpu), own->capacity - own->taken,
                  own->capacity, running, cpu == cpu_number() ? " (this one)" : "");
}

MONITOR_COMMAND(cpus, "", "list the processors and what they run")
{
    console_print_styled(CONSOLE_HEADING, "%3s %8s %9s   %s\n", "CPU", "APIC id", "magazine",
                         "runs");
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        cpu_print(cpu);
    }
    return OK;
}

#define TRACE_TRIES 100

struct trace_search {
    const char *name; /* NULL: by id */
    uint64_t id;
    bool found, running, self;
    unsigned cpu; /* where it runs */
    uint32_t thread_id;
    char thread_name[THREAD_NAME_SHOWN_BYTES];
    struct backtrace trace;
};

/* The list's lock is held, so the thread is not freed meanwhile. */
static void trace_take(struct thread *thread, void *context)
{
    struct trace_search *search = context;
    bool wanted =
        search->name != NULL ? string_equal(thread->name, search->name) : thread->id == search->id;
    if (!wanted || search->found || thread->state == THREAD_DEAD) {
        return;
    }
    search->found = true;
    search->self = thread == thread_current();
    search->thread_id = thread->id;
    thread_name_copy(search->thread_name, thread);
    search->running = !thread_trace(thread, &search->trace);
    search->cpu = thread->cpu;
}

/* Finds the thread and records its backtrace; if it runs on another CPU, by an NMI there. */
static bool trace_try(struct trace_search *search)
{
    search->found = false;
    thread_for_each(trace_take, search);
    if (!search->found || !search->running) {
        return true;
    }
    uint32_t interrupted;
    return !search->self && nmi_backtrace(search->cpu, &search->trace, &interrupted) &&
           interrupted == search->thread_id;
}

static void line_print(const char *text)
{
    console_print("%s\n", text);
}

MONITOR_COMMAND(bt, "THREAD", "show where a thread waits or runs, by id or name")
{
    static struct trace_search search; /* large; the monitor's thread only */
    memset(&search, 0, sizeof(search));
    if (!digits_only(arguments[0]) || number_parse_u64(arguments[0], &search.id) != OK) {
        search.name = arguments[0];
    }
    bool traced = false; /* the thread may have left its CPU when the NMI arrives */
    for (unsigned tries = 0; tries < TRACE_TRIES && !traced; tries++) {
        traced = trace_try(&search) || search.self;
    }
    if (!search.found) {
        console_print("There is no thread '%s'; 'threads' lists them.\n", arguments[0]);
        return OK;
    }
    if (search.self) {
        backtrace_from_here(&search.trace);
    } else if (!traced) {
        console_print("Thread %u (%s) runs and moves too fast to be shown; try again.\n",
                      search.thread_id, search.thread_name);
        return OK;
    }
    console_print("Thread %u (%s):\n", search.thread_id, search.thread_name);
    backtrace_lines(&search.trace, line_print);
    return OK;
}
