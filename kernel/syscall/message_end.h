/* The last part of message calls, for those that began in message_fast.c. */
#pragma once

#include "kernel/ipc/ipc_state.h"

/*
 * Completes a call, or a receive, whose wait ended with this result: takes the load of the message,
 * and sets the registers that the caller gets. Returns the result of the system call. Context:
 * THREAD.
 */
int64_t message_call_end(struct ipc_state *self, int error);
int64_t message_receive_end(struct ipc_state *self, int error);
