/* Queries of system calls about the thread that makes them. */
#pragma once

#include "kernel/object/handle_table.h"
#include "kernel/task/user_thread.h"

/* Returns the handle table of the calling thread's task. Context: THREAD with a user mode. */
static always_inline struct handle_table *caller_handles(void)
{
    return thread_user()->ipc.handles;
}

/*
 * Finds a task by a handle of the calling thread's task, which must have RIGHT_MANAGE. The caller
 * of this function releases task->object. Context: THREAD. Errors: those of handles.
 */
must_check int caller_task_find(uint64_t handle, struct task **task);

/*
 * Checks that a handle of the calling thread's task names the system and has RIGHT_MANAGE, which
 * allows it to make objects of devices. Context: THREAD with a user mode. Errors: those of
 * handle_find().
 */
must_check int caller_system_check(uint64_t handle);

/*
 * Checks that the kernel stacks of the calling task's threads have no more pages than its limit.
 * System calls that allocate begin with this. Context: THREAD with a user mode. Errors:
 * ERROR_QUOTA.
 */
must_check int caller_stacks_check(void);

/*
 * Opens a handle to an object that a call has just created, and releases the creator's reference.
 * Returns the handle. After an error the object has no reference left: returns the error of
 * caller_stacks_check() or of handle_open(). Context: THREAD with a user mode.
 */
int64_t caller_open(struct object *object, unsigned rights, uint64_t badge);

/*
 * Sets the registers that the caller gets back from a call with two results: RDX to the second
 * result, the others to 0. Context: THREAD with a user mode.
 */
static always_inline void caller_second_result(uint64_t second)
{
    struct trap_frame *frame = user_frame();
    frame->rdi = frame->rsi = frame->r8 = frame->r9 = frame->r10 = 0;
    frame->rdx = second;
}

/*
 * Finds a thread by a handle of the calling thread's task, which must have these rights. The caller
 * of this function releases user->object. Context: THREAD with a user mode. Errors: those of
 * handle_find().
 */
must_check int caller_thread_find(uint64_t handle, unsigned rights, struct user_thread **user);

/* Returns how many nanoseconds a wait until a deadline may take. Context: THREAD. */
uint64_t caller_timeout(uint64_t deadline_ns);
