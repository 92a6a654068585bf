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
