/*
 * Depth on request. A thread that is about to need more stack than may be there asks for it first,
 * and is told no by an error instead of starving later, or of running over its fault floor:
 *
 *     int error = stack_ensure(200 * 1024);
 *     if (error != OK) {
 *         return error;
 *     }
 *     ...                  go as deep as that
 *     stack_release();
 *
 * Requests nest: each stack_ensure() that succeeded needs its stack_release(), the deepest counts,
 * and all of it lasts until the last release. Meanwhile the stack is held: nobody takes a page of
 * it, not even while the thread sleeps.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"
#include "sched/core/thread.h"

/*
 * What is backed beyond the bytes asked for: room for the thread to be preempted at its deepest.
 * So the last of a stack cannot be had, on any stack: nothing could be pushed there.
 */
#define STACK_ENSURE_ROOM (ENTRY_CONTINUE_BYTES + sizeof(struct trap_frame) + 16)

/*
 * Backs the caller's stack from where it is now down to `bytes` below its stack pointer, with
 * zeroed frames from the allocator, never from this CPU's magazine. On a 16 KiB stack, too: then
 * what is ensured cannot fault. Thread context; spinlocks may be held. ERROR_RANGE: the stack is
 * not that large, or 255 requests hold it. ERROR_NO_MEMORY: no frames, or threads starve for them
 * just now. After an error nothing has changed.
 */
must_check int stack_ensure(size_t bytes);

/*
 * Ends the last request that has not been ended. When it was the only one, pages below the fault
 * floor go back at once, but for those that the caller uses now: depth that nobody asked for is an
 * overflow again. The pages above the floor stay, as if faults had brought them. Thread context,
 * interrupts on, no lock held: it waits for a shootdown.
 */
void stack_release(void);

/* May nobody take pages of this thread's stack? Stable while the thread does not run. */
static always_inline bool stack_held(const struct thread *thread)
{
    return thread->stack_reservations != 0;
}
