/*
 * Swap candidates: what the swapper may do with the stack of a sleeping thread, and how a wake-up
 * undoes it. This is the protocol; the policy is in swapper_pass.c.
 *
 *   BLOCKED ---swap_candidate_begin---> SWAP_CANDIDATE ---swap_candidate_take---> SWAP_CANDIDATE
 *      ^                                 |          ^                             with a claim
 *      |                                 |          |                               |        |
 *      |                                 |          +---swap_candidate_batch_end----+        |
 *      +-------swap_candidate_end--------+-------------------swap_candidate_end--------------+
 *
 * 1. Every step is done under the lock of the run queue that the thread belongs to, which dispatch
 *    takes as well. A thread that is in no queue stays with that queue.
 * 2. The swapper touches a thread only while it is BLOCKED or SWAP_CANDIDATE and not `current` of
 *    its queue. Then no CPU uses its stack, because a switch is complete before the lock is
 *    released.
 * 3. swap_candidate_take() makes pages UNMAPPING (mm/stack_modes/stack_swap.h). missing(t) grows
 *    here and in no other place. It enters the thread into the batch under way; the entry is called
 *    a claim. For the shootdown the swapper releases all locks. swap_candidate_batch_end() then
 *    makes the UNMAPPING pages STANDBY, but only those of claims that still stand. So every STANDBY
 *    page has been shot down.
 * 4. A wake-up of any kind (a waker, a timeout, a kill) reaches schedule_ready(), which finds
 *    SWAP_CANDIDATE instead of BLOCKED and calls swap_candidate_end(). swap_candidate_end() cancels
 *    the claim, maps every page again that still has its frame, and makes the thread BLOCKED, so
 *    that the wake-up continues as for any blocked thread. It never waits for the swapper. The
 *    swapper later finds the claim cancelled and does not touch the thread, which may have ended.
 * 5. Pages whose frames are gone are missing. The thread passes the dispatch gate like any other
 *    and may wait there for memory. If its top page is gone the dispatching CPU brings it back
 *    (swap_candidate_dispatch()) with frames of its magazine, which the gate has just checked:
 *    missing(p) + 4 at most. Nothing is allocated there, so it cannot fail.
 * 6. With stack=eager a thread takes no faults, and with stack=prefault none while interrupts or
 *    preemption are off. Such a thread must have as many pages as before when it runs:
 *    swap_candidate_dispatch() brings back all of them. The gate lets it pass only with cover, even
 *    with gate=off.
 *
 * A change of priority or affinity leaves a swap candidate in its state. Code that reads the stack
 * of a sleeping thread (the monitor's bt) takes the run queue's lock, too. If the thread is swapped
 * out it reads the live bytes at thread->stack_saved.
 */
#pragma once

#include "sched/core/thread.h"

#define SWAP_CANDIDATE_BATCH 128 /* the most threads for one shootdown */

/*
 * Makes a blocked thread a swap candidate. Returns false if it is not blocked or has not left its
 * CPU. Context: ATOMIC, interrupts off, the lock of the thread's run queue held.
 */
must_check bool swap_candidate_begin(struct thread *thread, uint32_t now_ms);

/*
 * Unmaps the pages of a swap candidate that lie wholly below its saved stack pointer; with `swap`
 * saves its live bytes and unmaps all pages. Enters it into the batch as claim number `claim`.
 * Returns the number of pages that it took; 0 if there is nothing to take, and then there is no
 * claim. Context: ATOMIC, interrupts off, the lock of the thread's run queue held.
 */
must_check uint32_t swap_candidate_take(struct thread *thread, bool swap, unsigned claim);

/*
 * Shoots down the pages of the batch's first `claims` claims, and waits for all CPUs.
 * Context: THREAD.
 */
void swap_candidate_batch_shoot(unsigned claims);

/* Makes the pages of claims that still stand STANDBY, after the shootdown. Context: THREAD. */
void swap_candidate_batch_end(unsigned claims);

/*
 * Maps the pages again that the swapper took and whose frames are still there, and makes the thread
 * BLOCKED. The caller then makes it ready. Context: IRQ, the lock of the thread's run queue held.
 */
void swap_candidate_end(struct thread *thread);

/*
 * Does the pending work of a thread that passed the gate, before the switch to it: ends its wait
 * for memory, brings back its top page and live bytes, and the pages that it must have. Frames come
 * from this CPU's magazine, which covers both stacks of the switch.
 * Context: ATOMIC, interrupts off, this CPU's run-queue lock held.
 */
void swap_candidate_dispatch(struct thread *thread);

/*
 * Says whether the live bytes of a thread can be saved: few enough, not pinned, not saved already.
 * Context: ATOMIC, the lock of the thread's run queue held.
 */
bool swap_candidate_may_swap(const struct thread *thread);
