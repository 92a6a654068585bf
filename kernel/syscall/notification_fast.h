/* The fast path of waits for a notification. */
#pragma once

#include "lib/compiler.h"

/*
 * Makes the system call notification_wait if a bit is set, or if the call has no deadline. Returns
 * what the call returns, and the registers that the caller gets are in its trap frame. Otherwise it
 * changes nothing and returns SYSCALL_FAST_LEFT. Context: ATOMIC, interrupts off, on an almost
 * empty kernel stack.
 */
int64_t notification_fast_wait(uint64_t handle, uint64_t deadline_ns);
