/*
 * Calls that the kernel makes on behalf of a thread, to tell a program what happened to the thread.
 * The thread may be in the middle of a system call of its own, with a message half made.
 */
#pragma once

#include "kernel/ipc/ipc.h"

/*
 * Sends a message to an endpoint and waits for the answer, which is in *message on return. The
 * loads of both messages belong to the caller of this function. self->message stays as it is.
 * Context: THREAD, in no call of IPC. Errors: those of ipc_call(); if the receiver ended the
 * thread, ERROR_FAULT, and *fault_status is what it gave.
 */
must_check int kernel_call(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns,
                           struct message *message, int *fault_status);
