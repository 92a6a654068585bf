/*
 * Handlers of exceptions: a task may have an endpoint that is told of the exceptions of its threads
 * in user mode (lib/fault_message.h). The thread waits for the answer, and counts as stopped
 * meanwhile, so its registers can be read and written.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"
#include "kernel/task/task.h"

enum handler_verdict {
    HANDLER_NONE,   /* there is no handler, or it cannot be asked */
    HANDLER_RESUME, /* the thread goes on with the registers in its frame */
    HANDLER_END,    /* the thread is to end */
};

/*
 * Makes an endpoint the task's handler, in place of the one that it had. On success the value,
 * which counts as a handle, belongs to the task. A value whose object is NULL removes the handler.
 * Context: THREAD. Errors: ERROR_PEER_DIED (the task has ended; the value is still the caller's).
 */
must_check int task_handler_set(struct task *task, const struct handle_value *value);

/* Removes the handler of a task that ends. Context: THREAD. */
void task_handler_drop(struct task *task);

/*
 * Tells the handler of the calling thread's task of its exception, and waits for the answer.
 * `cause` is the report in words; `error` says why a page fault was not resolved. With HANDLER_END,
 * *status is the status with which the thread is to end. If the thread was killed meanwhile,
 * returns HANDLER_RESUME: the thread ends on its way to user mode. `frame` has the registers of
 * user mode. Context: THREAD, with a task.
 */
must_check enum handler_verdict task_handler_ask(struct trap_frame *frame, const char *cause,
                                                 int error, int *status);
