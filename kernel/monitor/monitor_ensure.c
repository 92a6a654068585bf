/*
 * A command that asks for stack in advance, uses it, releases it, and prints the pages each time.
 */
#include "arch/x86_64/cpu/preempt.h"
#include "kernel/monitor/monitor.h"
#include "lib/number.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_large.h"
#include "sched/stack/stack_reservation.h"

#define BYTES_DEFAULT 200000
#define OWN_BYTES     1024 /* for the worker's own calls, besides what it asks for */

enum moment { AT_BIRTH, ENSURED, USED, RELEASED, MOMENTS };

struct work {
    size_t bytes;
    uint32_t id, slot;
    int error;
    struct {
        uint32_t backed, missing, rounds;
    } at[MOMENTS];
};

static void moment_note(struct work *work, enum moment moment)
{
    work->at[moment].backed = stack_pages_backed(work->slot);
    work->at[moment].missing = stack_missing(work->slot);
    work->at[moment].rounds = magazine_available();
}

/* Preemption is off, so that all readings are of the magazine of one CPU. */
static void ensure_run(void *argument)
{
    struct work *work = argument;
    work->id = thread_current()->id;
    work->slot = thread_current()->slot;
    preempt_disable();
    moment_note(work, AT_BIRTH);
    work->error = stack_ensure(work->bytes);
    moment_note(work, ENSURED);
    if (work->error == OK) {
        uintptr_t here = (uintptr_t)__builtin_frame_address(0);
        for (size_t deep = OWN_BYTES; deep < work->bytes; deep += sizeof(uint64_t)) {
            *(volatile uint64_t *)align_down(here - deep, sizeof(uint64_t)) = deep;
        }
    }
    moment_note(work, USED);
    preempt_enable();
    if (work->error == OK) {
        stack_release();
    }
    preempt_disable();
    moment_note(work, RELEASED);
    preempt_enable();
}

static void moment_print(const struct work *work, enum moment moment, const char *what)
{
    uint32_t all = (uint32_t)(stack_bytes_of(work->slot) / PAGE_BYTES);
    uint32_t backed = work->at[moment].backed, missing = work->at[moment].missing;
    console_print("  %-24s %6u %6u %17u %9u\n", what, backed, missing, all - backed - missing,
                  work->at[moment].rounds);
}

static void work_print(const struct work *work)
{
    console_print("Thread %u on a stack of %lu KiB, slot %u, asked for %lu bytes:\n", work->id,
                  stack_bytes_of(work->slot) / 1024, work->slot, work->bytes);
    console_print_styled(CONSOLE_HEADING, "  %-24s %6s %6s %17s %9s\n", "pages", "backed", "holes",
                         "beyond the floor", "magazine");
    moment_print(work, AT_BIRTH, "at creation");
    moment_print(work, ENSURED, "after stack_ensure()");
    if (work->error != OK) {
        console_print("  The answer was: %s. Nothing has changed.\n", error_name(work->error));
        return;
    }
    moment_print(work, USED, "when all were written");
    moment_print(work, RELEASED, "after stack_release()");
}

MONITOR_COMMAND(ensure, "[BYTES]", "let a thread ask for that much stack in advance")
{
    static struct work work; /* the monitor's thread only */
    uint64_t bytes = BYTES_DEFAULT;
    struct thread *thread;
    if (count > 1 || (count == 1 && number_parse_u64(arguments[0], &bytes) != OK)) {
        return ERROR_INVALID;
    }
    struct thread_options options = {
        .name = "ensure", .priority = THREAD_PRIORITY_DEFAULT, .stack_bytes = STACK_BYTES};
    while (options.stack_bytes < STACK_BYTES_MAX &&
           options.stack_bytes < bytes + STACK_ENSURE_ROOM + OWN_BYTES) {
        options.stack_bytes *= 2;
    }
    work = (struct work){.bytes = bytes};
    int error = thread_create(&options, ensure_run, &work, &thread);
    if (error == OK) {
        error = thread_join(thread);
        work_print(&work);
    }
    return error;
}
