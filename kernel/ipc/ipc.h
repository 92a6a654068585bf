/*
 * Synchronous IPC: a call sends a message to an endpoint and waits for the answer. A receiver gets
 * the message and, with it, the right to answer, which can be used once.
 *
 * The message is `self->message`, for sending and for receiving. When a function returns, also with
 * an error, the load in `self->message` belongs to the calling thread, which frees it.
 *
 * With self->in_frame, which message calls of programs set, a call or a receive without a deadline
 * may return IPC_IN_FRAME in place of OK: the message is in the trap frame, and not in
 * self->message. Kernel code that calls on behalf of a thread, such as a page fault, leaves it
 * false.
 *
 * If one side ends, in whatever state, the wait of the other side ends with ERROR_PEER_DIED.
 */
#pragma once

#include "kernel/ipc/endpoint.h"
#include "kernel/ipc/ipc_state.h"

/* Deadlines are clock times in nanoseconds, WAIT_FOREVER, or this: */
#define IPC_POLL 0 /* do not wait for the other side to come */

/*
 * Sends self->message and waits for the answer, which is in self->message on return. With IPC_POLL
 * it calls only if a receiver waits already, and then waits for the answer without limit.
 * Context: THREAD. Errors: ERROR_AGAIN (IPC_POLL, and no receiver waits); ERROR_TIMEOUT;
 * ERROR_PEER_DIED (no handle may receive any more, or the receiver ended without an answer);
 * ERROR_KILLED (the caller was killed, or with self->faulted the receiver faulted it); what the
 * receiver gave to ipc_reply_error().
 */
must_check int ipc_call(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns);

/*
 * Waits for a call and receives its message into self->message. Then the thread has the right to
 * answer. If it still has a right to answer an earlier call, that call ends with ERROR_PEER_DIED
 * first. Context: THREAD. Errors: ERROR_AGAIN (IPC_POLL, and no thread calls); ERROR_TIMEOUT;
 * ERROR_KILLED; ERROR_PEER_DIED (no handle may call any more).
 */
must_check int ipc_receive(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns);

/*
 * Ends a wait for an answer, or for a call, that began in kernel/syscall/message_fast.c and was not
 * ended by a direct switch. Context: THREAD. Errors: as ipc_call() and ipc_receive() without a
 * deadline.
 */
must_check int ipc_call_end(struct ipc_state *self);
must_check int ipc_receive_end(struct ipc_state *self, struct endpoint *endpoint);

/*
 * End a wait, as these two do, of a thread that gave its stack away in ipc_call() or ipc_receive(),
 * or what lay on it: `endpoint` is that of the call. Context: THREAD. Errors: as ipc_call() and
 * ipc_receive().
 */
must_check int ipc_call_given_end(struct ipc_state *self, struct endpoint *endpoint);
must_check int ipc_receive_given_end(struct ipc_state *self, struct endpoint *endpoint);

/*
 * Where a thread goes on that gave its stack away in ipc_call(), or in ipc_receive(), or what lay on
 * it: see message_given.asm, with which the linker binds them.
 */
void message_given_call_woken(void);
void message_given_receive_woken(void);

/*
 * Waits in a call or a receive. In a message call without a deadline it returns only if the thread
 * was woken before it slept: otherwise the thread gives up what lies on its stack, and goes on at
 * message_given_..._woken. A function of its own because ipc=handoff has another one in its place.
 * Context: ATOMIC, `lock` held, which guards the wait; sleeps.
 */
must_check int ipc_wait(struct ipc_state *self, struct spinlock *lock, uint64_t deadline_ns);

/*
 * Answers the call that the thread received last, with self->message. Context: THREAD. Errors:
 * ERROR_NOT_FOUND (the thread has no right to answer); ERROR_PEER_DIED (the caller does not wait
 * any more). The right is used up, whatever the result.
 */
must_check int ipc_reply(struct ipc_state *self);

/*
 * Answers as ipc_reply() does, and then receives as ipc_receive() does. It is no error here if the
 * caller does not wait any more. Context: THREAD. Errors: ERROR_NOT_FOUND (the thread has no right
 * to answer; nothing was received); ERROR_AGAIN, ERROR_TIMEOUT, ERROR_KILLED, ERROR_PEER_DIED
 * from the receive.
 */
must_check int ipc_reply_receive(struct ipc_state *self, struct endpoint *endpoint,
                                 uint64_t deadline_ns);

/*
 * Ends the call that the thread received last with an error in place of an answer, because the
 * message could not be taken. Context: THREAD. Errors: ERROR_NOT_FOUND (the thread has no right to
 * answer); ERROR_PEER_DIED (the caller does not wait any more).
 */
must_check int ipc_reply_error(struct ipc_state *self, int result);

/*
 * Ends the call that the thread received last, and with it the caller, which broke the protocol:
 * its call returns ERROR_KILLED, with `faulted` and this status. Context: THREAD.
 * Errors: ERROR_NOT_FOUND (the thread has no right to answer); ERROR_PEER_DIED (the caller does not
 * wait any more).
 */
must_check int ipc_reply_fault(struct ipc_state *self, int status);

/*
 * Answers by a right with a message, whose load goes to the caller, and uses up the right. Context:
 * THREAD. Errors: ERROR_NOT_FOUND (no right); ERROR_PEER_DIED (the caller does not wait any more).
 */
must_check int ipc_right_answer(struct reply_right *right, struct message *message);

/*
 * Takes the right to answer out of the thread's state, for an object that answers later. The thread
 * must have one. It no longer inherits the caller's priority. Context: THREAD.
 */
must_check struct reply_right ipc_right_take(struct ipc_state *self);

/* Gives up a right, if there is one: the caller gets ERROR_PEER_DIED. Context: THREAD. */
void ipc_right_drop(struct reply_right *right);

/*
 * Ends a state whose thread is in no call of IPC and will make none: the caller that waits for its
 * answer, if any, gets ERROR_PEER_DIED, and the load of its message is freed. Context: THREAD.
 */
void ipc_state_end(struct ipc_state *state);
