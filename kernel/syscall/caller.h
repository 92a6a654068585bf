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
 * Finds a task that the caller may manage, by its handle. The caller of this releases its object.
 * Context: THREAD. Errors: those of handles.
 */
must_check int caller_task_find(uint64_t handle, struct task **task);

/*
 * Checks that the caller has a handle to the system that lets it make objects of devices. Context:
 * THREAD. Errors: those of handles.
 */
must_check int caller_system_check(uint64_t handle);

/*
 * Checks that the caller's task may allocate: that the kernel stacks of its threads have no more
 * pages than it may have. Context: THREAD with a user mode. Errors: ERROR_QUOTA.
 */
must_check int caller_stacks_check(void);

/*
 * Opens a handle to an object that a call has just created, and releases the creator's reference.
 * Returns the handle or a negative error, that of caller_stacks_check() for one; then the object is
 * gone. Context: THREAD.
 */
int64_t caller_open(struct object *object, unsigned rights, uint64_t badge);

/*
 * Sets the registers that the caller gets back from a call with two results: RDX, and zeroes.
 * Context: THREAD with a user mode.
 */
static always_inline void caller_second_result(uint64_t second)
{
    struct trap_frame *frame = user_frame();
    frame->rdi = frame->rsi = frame->r8 = frame->r9 = frame->r10 = 0;
    frame->rdx = second;
}

/*
 * Finds a thread by the caller's handle, which must have these rights. The caller releases the
 * object. Context: THREAD with a user mode. Errors: those of handle_find().
 */
must_check int caller_thread_find(uint64_t handle, unsigned rights, struct user_thread **user);

/* Returns how many nanoseconds a wait until a deadline may take. Context: THREAD. */
uint64_t caller_timeout(uint64_t deadline_ns);
