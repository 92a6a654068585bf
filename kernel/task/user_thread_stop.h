/*
 * Stops of threads with a user mode, and their registers: what a debugger needs. A thread stops on
 * its way to user mode, with all of its registers in a frame. A suspension does not end a wait in a
 * system call: the thread stops when the wait has ended by itself.
 */
#pragma once

#include "kernel/task/user_thread.h"
#include "lib/abi.h"

/*
 * Suspends a thread, and waits until it has stopped, at most timeout_ns nanoseconds (WAIT_FOREVER:
 * no limit). After a timeout the thread stays suspended. A thread that has not started will stop
 * before its first instruction, and a thread that suspends itself will stop after the call: for
 * these it does not wait. Returns OK, too, if another thread resumes the thread meanwhile.
 * Suspensions do not nest: one resume ends them all. Context: THREAD. Errors: ERROR_TIMEOUT (it has
 * not stopped yet), ERROR_PEER_DIED (it has ended), ERROR_KILLED (the caller is to end).
 */
must_check int user_thread_suspend(struct user_thread *user, uint64_t timeout_ns);

/*
 * Lets a suspended thread go on. Does nothing to a thread that is not suspended. Context: THREAD.
 */
void user_thread_resume(struct user_thread *user);

/*
 * Reads the registers of a thread that has stopped. Context: THREAD.
 * Errors: ERROR_AGAIN (it has not stopped), ERROR_PEER_DIED (it has ended).
 */
must_check int user_thread_registers_read(struct user_thread *user,
                                          struct thread_registers *registers);

/*
 * Writes the registers of a thread that has stopped. Context: THREAD.
 * Errors: ERROR_AGAIN (it has not stopped), ERROR_PEER_DIED (it has ended), ERROR_RANGE (RIP or FS
 * base is no user address; nothing is written).
 */
must_check int user_thread_registers_write(struct user_thread *user,
                                           const struct thread_registers *registers);

/* Stops the calling thread until it is resumed or killed. Context: THREAD, on the way to ring 3. */
void user_thread_stop(struct user_thread *self, struct trap_frame *frame);

/*
 * Lets others read and write the calling thread's registers in `frame`, until
 * user_thread_stopped_end(). The stack is pinned meanwhile. Context: THREAD.
 */
void user_thread_stopped_begin(struct user_thread *self, struct trap_frame *frame);

/* Ends what user_thread_stopped_begin() began, and loads what was written. Context: THREAD. */
void user_thread_stopped_end(struct user_thread *self);
