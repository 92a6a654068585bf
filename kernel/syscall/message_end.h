/* The last part of message calls that began in message_fast.c and did not end there. */
#pragma once

#include "kernel/ipc/ipc_state.h"

/*
 * Complete a call, or a receive, whose wait ended with this result: copy the load of the message
 * out and set the registers that the caller gets. Return the result of the system call. Context:
 * THREAD with a user mode.
 */
int64_t message_call_end(struct ipc_state *self, int error);
int64_t message_receive_end(struct ipc_state *self, int error);

/* message_receive_end() for a receive with a deadline. Context: THREAD with a user mode. */
int64_t message_receive_end_until(struct ipc_state *self, uint64_t deadline_ns, int error);

/*
 * Complete the call, or the receive, of the calling thread, which had given its stack away and has
 * one again. Return the result of the system call. Context: ATOMIC, interrupts off.
 */
int64_t message_given_call_result(struct ipc_state *self);
int64_t message_given_receive_result(struct ipc_state *self);
