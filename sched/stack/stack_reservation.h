/*
 * Reserving stack depth. A thread that is about to go deep asks for the depth first. If it cannot
 * be had, the thread gets an error, and does not wait for memory or overflow later:
 *
 *     int error = stack_ensure(200 * 1024);
 *     if (error != OK) {
 *         return error;
 *     }
 *     ...                  go as deep as that
 *     stack_release();
 *
 * Requests nest: each successful stack_ensure() needs its stack_release(). The deepest request
 * counts, and all of it lasts until the last release. Until then no page of the stack is taken
 * away, not even while the thread sleeps.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"
#include "sched/core/thread.h"

/*
 * Bytes that stack_ensure() backs beyond those requested, so that the thread can be preempted at
 * its deepest point. The last STACK_ENSURE_ROOM bytes of a stack therefore cannot be requested.
 */
#define STACK_ENSURE_ROOM (ENTRY_CONTINUE_BYTES + sizeof(struct trap_frame) + 16)

/*
 * Backs the caller's stack down to `bytes` below its stack pointer, with zeroed frames from the
 * allocator, never from this CPU's magazine. It works on 16 KiB stacks, too; there the requested
 * depth causes no stack faults afterwards. After an error nothing has changed. Context: ATOMIC.
 * Errors: ERROR_RANGE (the stack is not that large, or it has 255 requests), ERROR_NO_MEMORY (no
 * free frames, or threads wait for memory).
 */
must_check int stack_ensure(size_t bytes);

/*
 * Ends one request of the calling thread. With the last request the pages below the fault floor
 * are freed, except those in use now; going there is an overflow again. Pages above the floor stay.
 * Waits for a shootdown. Panics if there is no request. Context: THREAD.
 */
void stack_release(void);

/*
 * Says whether pages of this thread's stack are reserved. The answer does not change while the
 * thread does not run. Context: ANY.
 */
static always_inline bool stack_held(const struct thread *thread)
{
    return thread->stack_reservations != 0;
}
