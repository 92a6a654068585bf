/* ps: lists tasks and their threads. */
#include "lib/error.h"
#include "lib/information.h"
#include "user/lib/program.h"
#include "user/lib/records.h"
#include "user/lib/stream.h"

#define NS_PER_MS 1000000UL

static const char *state_name(unsigned state)
{
    static const char *const names[] = {[INFORMATION_READY] = "ready",
                                        [INFORMATION_RUNNING] = "running",
                                        [INFORMATION_BLOCKED] = "sleeps",
                                        [INFORMATION_WAITS_MEMORY] = "no memory",
                                        [INFORMATION_SWAPPED] = "swapped"};

    return state < array_length(names) ? names[state] : "?";
}

static int threads_print(uint32_t task)
{
    static struct records records;
    const struct information_thread *thread;
    int error = OK;

    records = (struct records){.kind = INFORMATION_THREADS, .size = sizeof(*thread)};
    while (error == OK && (thread = records_next(&records)) != NULL) {
        if (thread->task == task) {
            error = stream_print(stream_output(), "%6s %6u  %-9s %3u  %8lu  %s\n", "", thread->id,
                                 state_name(thread->state), thread->cpu, thread->cpu_ns / NS_PER_MS,
                                 task == 0 ? thread->name : "");
        }
    }
    return error;
}

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    static struct records records = {.kind = INFORMATION_TASKS,
                                     .size = sizeof(struct information_task)};
    const struct information_task *task;
    int error = stream_print(stream_output(), "  task thread  state     CPU    run ms  name\n"
                                              "     0         kernel\n");

    if (error == OK) {
        error = threads_print(0);
    }
    while (error == OK && (task = records_next(&records)) != NULL) {
        error = stream_print(stream_output(), "%6u         %-24s %lu KiB\n", task->id, task->name,
                             task->frames * 4);
        if (error == OK) {
            error = threads_print(task->id);
        }
    }
    return error;
}
