/* The fast path of waits for a notification, and the direct path, which is tried before it. */
#pragma once

#include "sched/core/switch.h"

/*
 * Makes the system call notification_wait if a bit is set, or if the call has no deadline. Returns
 * what the call returns, and the registers that the caller gets are in its trap frame. Otherwise it
 * changes nothing and returns SYSCALL_FAST_LEFT. Context: ATOMIC, interrupts off, on an almost
 * empty kernel stack.
 */
int64_t notification_fast_wait(uint64_t handle, uint64_t deadline_ns);

/* What a call with two results returns in RAX and RDX. */
struct syscall_pair {
    int64_t result;
    uint64_t second;
};

/* In syscall_direct_table: notification_direct.asm. Context: ATOMIC, as user_context.h says. */
void notification_direct_wait(void);

/* Where a thread goes on that sleeps in a wait of the direct path. */
void notification_direct_woken(void);

/*
 * Makes the call of notification_direct_wait(), for a handle that is noted. Returns its results, or
 * SYSCALL_FAST_LEFT, with nothing changed. If the thread sleeps, it does not return: then the thread
 * goes on at notification_direct_woken(), and its frame is all that is left on its stack. Context:
 * ATOMIC, interrupts off, not with FRED.
 */
struct syscall_pair notification_direct_try(uint64_t handle, uint64_t deadline_ns);

/*
 * Completes the wait of a thread that slept in the direct path and that a CPU has switched to.
 * Returns the results of the call; interrupts are off then, too. Context: ATOMIC, interrupts off,
 * the end of a switch.
 */
struct syscall_pair notification_direct_end(struct switch_handover handover);
