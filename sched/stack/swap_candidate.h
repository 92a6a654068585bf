/*
 * Threads at rest: what the swapper may do with the stack of a thread that sleeps, and how a
 * wake-up takes it all back. This is the protocol; who rests, and when, is decided in swapper.c.
 *
 *   BLOCKED --swap_candidate_begin--> SWAP_CANDIDATE --swap_candidate_take--> SWAP_CANDIDATE,
 * claimed --swap_candidate_batch_end--> SWAP_CANDIDATE ^                       | | |
 *      +------ swap_candidate_end -------+-------- swap_candidate_end --------+-----------
 * swap_candidate_end -----------+
 *
 * 1. Every step is taken under the lock of the run queue that the thread belongs to, which is the
 *    lock that dispatch takes. That queue does not change while the thread is in no queue.
 * 2. The swapper touches a thread only while it is BLOCKED or SWAP_CANDIDATE and is not `current`
 * of its queue: then no CPU uses its stack, for a switch is complete before the lock is released.
 * 3. swap_candidate_take() turns pages into UNMAPPING (mm/stack_modes/stack_swap.h), so missing(t)
 * grows here and nowhere else. It notes the thread in the batch that is under way: a claim. For the
 * shootdown the swapper lets go of all locks. swap_candidate_batch_end() makes UNMAPPING pages
 * STANDBY: only those of claims that still stand, so what is STANDBY has been shot down.
 * 4. A wake-up of any kind (a waker, a deadline, a kill) comes to schedule_ready(), finds
 * SWAP_CANDIDATE instead of BLOCKED and calls swap_candidate_end(): it crosses the claim out, maps
 * every page that still has its frame, and goes on as for any blocked thread. It never waits for
 * the swapper. The swapper finds the claim crossed out, without touching the thread, which may be
 * gone.
 * 5. What it does not get back is missing; the thread passes the dispatch gate like any other, and
 *    may starve. The dispatching CPU brings a swapped top page in (swap_candidate_dispatch()), from
 * the rounds that the gate has just seen: missing(p) + 4 at most. Nothing is allocated there, so
 * nothing can fail.
 * 6. A thread that takes no faults (stack=eager), or none in its sections (prefault), must find as
 *    many pages as it had. There swap_candidate_dispatch() brings all of them in, and the gate lets
 * the thread pass only with cover, even where it lets others pass without.
 *
 * A change of priority or affinity leaves a resting thread where it is. Whoever reads a thread's
 * stack (the monitor's bt) takes the run queue's lock as well, and finds live bytes that were moved
 * in thread->stack_saved.
 */
#pragma once

#include "sched/core/thread.h"

#define SWAP_CANDIDATE_BATCH 128 /* threads between two shootdowns */

/* A blocked thread begins to rest. Its queue's lock is held. False: it is not blocked, or runs. */
must_check bool swap_candidate_begin(struct thread *thread, uint32_t now_ms);

/*
 * Takes the pages of a resting thread that lie wholly below its stack pointer; with `swap` all of
 * them, and saves its live bytes. The claim is number `claim` of the batch. The lock is held.
 * Returns how many pages were taken: 0, and no claim, if there is nothing to take.
 */
must_check uint32_t swap_candidate_take(struct thread *thread, bool swap, unsigned claim);

/* Shoots the first `claims` of the batch down. Thread context, interrupts on, no lock held. */
void swap_candidate_batch_shoot(unsigned claims);

/* After that: what the claims took that still stand is free. Thread context, no lock held. */
void swap_candidate_batch_end(unsigned claims);

/* The thread is to run: state BLOCKED again. The lock is held; the caller makes it ready. */
void swap_candidate_end(struct thread *thread);

/*
 * A thread passed the gate: what must happen before the switch to it (its `pending`). It starved,
 * and does no more; its live bytes were saved, and come back to a page of this CPU's magazine; what
 * was taken has to be there again. By the dispatching CPU: the lock is held, and the magazine
 * covers both stacks of the switch.
 */
void swap_candidate_dispatch(struct thread *thread);

/* Can its live bytes be saved, by size and pins? The lock is held. */
bool swap_candidate_may_swap(const struct thread *thread);
