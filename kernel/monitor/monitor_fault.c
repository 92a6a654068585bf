/* Commands that make a stack grow, or overflow, and print what happened. */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "kernel/demo/demonstration.h"
#include "kernel/demo/descent.h"
#include "kernel/demo/fault_trace.h"
#include "kernel/monitor/monitor.h"
#include "lib/format.h"
#include "lib/number.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_prefault.h"
#include "sched/core/thread.h"

#define BYTES_DEFAULT 12000
#define RECORDS_MAX   8
#define BREATH_NS     1000000

enum manner { MANNER_PLAIN, MANNER_INTERRUPTS_OFF, MANNER_LOCK_HELD };

struct work {
    enum manner manner;
    struct descent descent;
    uint32_t id, slot, cpu;
};

static struct spinlock held_lock = SPINLOCK("monitor fault");

/*
 * Takes all pages but one from the stack, which may come from the cache with all of its pages. Then
 * the thread sleeps for a moment: it must pass the dispatch gate again, because it misses more
 * pages now.
 */
static void stack_empty(uint32_t slot)
{
    if (stack_mode_get() != STACK_MODE_EAGER) {
        stack_trim(slot, stack_top(slot) - PAGE_BYTES);
        (void)thread_sleep_ns(BREATH_NS);
    }
}

static void work_run(void *argument)
{
    struct work *work = argument;
    work->id = thread_current()->id;
    work->slot = thread_current()->slot;
    stack_empty(work->slot);
    work->cpu = cpu_number();
    if (work->manner == MANNER_INTERRUPTS_OFF) {
        stack_prefault_reach(work->descent.bytes + PAGE_BYTES);
        uint64_t flags = interrupts_save();
        descent_run(&work->descent, DESCENT_RECURSE);
        interrupts_restore(flags);
    } else if (work->manner == MANNER_LOCK_HELD) {
        stack_prefault_reach(work->descent.bytes + PAGE_BYTES);
        spin_lock(&held_lock);
        descent_run(&work->descent, DESCENT_RECURSE);
        spin_unlock(&held_lock);
    } else {
        descent_run(&work->descent, DESCENT_RECURSE);
    }
}

static void record_print(const struct work *work, const struct fault_record *record, uint32_t index)
{
    char ticks[24] = "-";
    uintptr_t offset = 0;
    const char *function = symbol_find(record->rip, &offset);
    if (index < work->descent.touches) {
        format_string(ticks, sizeof(ticks), "%lu", work->descent.touch[index].ticks);
    }
    console_print("  0x%lx %6lu %6u %10s %9u  %s+0x%lx\n", record->address,
                  stack_top(work->slot) - record->address, record->pages, ticks, record->available,
                  function == NULL ? "?" : function, offset);
}

static int work_do(struct work *work)
{
    struct thread *thread;
    struct fault_record records[RECORDS_MAX];
    fault_trace_begin();
    int error = thread_start("fault", work_run, work, &thread);
    if (error != OK) {
        (void)fault_trace_end();
        return error;
    }
    error = thread_join(thread);
    (void)fault_trace_end();
    uint32_t count = fault_trace_of_slot(work->slot, records, RECORDS_MAX);
    console_print("Thread %u on CPU %u, stack slot %u:\n", work->id, work->cpu, work->slot);
    console_print_styled(CONSOLE_HEADING, "  %-18s %6s %6s %10s %9s  %s\n", "touched", "deep",
                         "pages", "TSC ticks", "magazine", "by");
    for (uint32_t i = 0; i < count && i < RECORDS_MAX; i++) {
        record_print(work, &records[i], i);
    }
    if (stack_mode_get() == STACK_MODE_EAGER) {
        console_print("  stack=eager: all pages were there at creation\n");
    } else if (stack_mode_get() == STACK_MODE_LEND) {
        console_print("  stack=lend: all pages are there while a thread runs\n");
    }
    console_print("  %u stack fault%s, %lu bytes deep in %u calls\n", count, count == 1 ? "" : "s",
                  work->descent.deepest, work->descent.calls);
    return error;
}

MONITOR_COMMAND(fault, "[BYTES] [irq-off|lock]", "let a thread recurse that deep")
{
    struct work work = {.descent = {.bytes = BYTES_DEFAULT}};
    uint64_t bytes;
    for (unsigned i = 0; i < count; i++) {
        if (number_parse_u64(arguments[i], &bytes) == OK) {
            work.descent.bytes = bytes;
        } else if (string_equal(arguments[i], "irq-off")) {
            work.manner = MANNER_INTERRUPTS_OFF;
        } else if (string_equal(arguments[i], "lock")) {
            work.manner = MANNER_LOCK_HELD;
        } else {
            return ERROR_INVALID;
        }
    }
    if (work.descent.bytes > DESCENT_BYTES_MAX) {
        console_print("A stack has %lu bytes, so at most %lu here; 'overflow' goes beyond.\n",
                      STACK_BYTES, (size_t)DESCENT_BYTES_MAX);
        return OK;
    }
    return work_do(&work);
}

MONITOR_COMMAND(overflow, "", "let a thread run over the end of its stack")
{
    struct work work = {.descent = {.bytes = DESCENT_ENDLESS}};
    int error = work_do(&work);
    console_print(error == OK ? "The thread came back: no guard stopped it.\n"
                              : "The thread has ended, and the machine goes on.\n");
    return OK;
}

MONITOR_COMMAND(demo, "", "show the kernel's own demonstration")
{
    demonstration_run();
    return OK;
}
