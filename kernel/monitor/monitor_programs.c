/* The commands that start a user program, and that go back to it. */
#include "kernel/console/console_handover.h"
#include "kernel/monitor/monitor.h"
#include "kernel/program/program.h"
#include "lib/format.h"
#include "lib/program_start.h"

#define STOP_POLL_NS 50000000

/* What `run` started last and has not seen end, with a reference; the monitor has one thread. */
static struct task *unfinished;

static void unfinished_set(struct task *task)
{
    if (unfinished) {
        object_release(&unfinished->object);
    }
    unfinished = task;
}

/*
 * Waits until the program has ended, or until a program gives the serial port to the monitor.
 * Control-C ends the program.
 */
static int unfinished_wait(void)
{
    struct task *task = unfinished;
    int status, error;

    while ((error = task_wait(task, STOP_POLL_NS, &status)) == ERROR_TIMEOUT) {
        if (console_handover_is_paused()) {
            console_print("It goes on. 'resume' gives the terminal back to it.\n");
            return OK;
        }
        if (monitor_stop_wanted()) {
            task_kill(task, ERROR_KILLED);
        }
    }
    unfinished_set(NULL);
    if (error == OK) {
        console_print("it ended with status %d%s%s\n", status, status < 0 ? ": " : "",
                      status < 0 ? error_name(status) : "");
    }
    return error;
}

MONITOR_COMMAND(run, "PROGRAM [ARGUMENT] ...", "start a user program and wait until it ends")
{
    static char words[PROGRAM_ARGUMENTS_BYTES]; /* the monitor runs one command at a time */
    size_t used = 0;
    struct task *task;
    const char *reason;

    unfinished_set(NULL);
    for (unsigned i = 0; i < count && used < sizeof(words); i++) {
        used += format_string(words + used, sizeof(words) - used, "%s%s", i > 0 ? " " : "",
                              arguments[i]);
    }
    const struct program_options options = {.words = words};
    int error = used < sizeof(words) ? program_run(&options, &task, &reason) : ERROR_TOO_LONG;
    if (error != OK) {
        console_print("not started: %s\n",
                      used < sizeof(words) ? reason : "the arguments are too long");
        return OK;
    }
    unfinished_set(task);
    return unfinished_wait();
}

MONITOR_COMMAND(resume, "", "give the serial port back to the program that had it")
{
    bool resumed = console_handover_resume();

    if (unfinished) {
        return unfinished_wait();
    }
    if (!resumed) {
        console_print("No program waits for the serial port.\n");
    }
    return OK;
}
