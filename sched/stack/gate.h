/*
 * The dispatch gate: a CPU switches from p to n only while its magazine covers
 * missing(p) + missing(n).
 *
 * Why that suffices, on every path by which a running thread can take a page (invariant I3):
 *
 *  - Growth. A touch of a hole takes at most the pages that are missing, and what it takes leaves
 *    the magazine and the missing pages by the same number. So the cover keeps itself, whatever the
 *    thread does, interrupts on or off; nobody else takes from this CPU's magazine.
 *  - Frames moved from an entry stack (a preemption, a page fault of the thread's own) lie on the
 *    thread's stack like any frame: they are filled by the fault's own function, from the same
 *    cover. What does not fit above the fault floor is an overflow, never a missing page.
 *  - A switch. From the gate until the next thread has finished the switch both stacks are in use
 *    here, the old one by the pushes, the new one by what it calls first: hence the sum. A thread
 *    that is born or comes from another CPU passes the same gate.
 *  - The refill itself runs on p's stack: what it takes is booked before it adds (magazine.c).
 *  - missing(t) grows only by taking pages away: by t itself, which refills first (stack_trim()),
 *    or while t is on no run queue, so that it passes the gate again before it runs. A stack that
 *    was swapped out whole misses 4; then the sum is at most 3 + 4 = MAGAZINE_ROUNDS_MIN.
 *
 * The invariant build asserts it at each dispatch, each stack fault, and each return from an entry
 * stack to code that had interrupts on (entry_return_check).
 */
#pragma once

#include "mm/stack/magazine.h"
#include "sched/core/thread.h"

/* What the gate does when the magazine is not full. Interrupts off. */
must_check bool gate_pass_slowly(struct thread *from, const struct thread *to);

/*
 * May this CPU switch? No question when nothing was taken since the last refill: a full magazine
 * covers any two stacks (MAGAZINE_ROUNDS_MIN). Interrupts off, run-queue lock held; never waits.
 */
static always_inline must_check bool gate_pass(struct thread *from, const struct thread *to)
{
    return likely(this_cpu(magazine).taken == 0) || gate_pass_slowly(from, to);
}

/*
 * Is the gate open, and may `to` run as it is? Both in one comparison. If not, ask gate_pass(), and
 * then see to its `pending`.
 */
static always_inline must_check bool gate_is_clear(const struct thread *to)
{
    return likely((this_cpu(magazine).taken | to->pending) == 0);
}

/*
 * Teaching: from now on the gate lets everybody pass, covered or not, and a stack fault can find
 * too few frames: the "critical stack fault" of kernels that have no gate. Once, at boot.
 */
void gate_off(void);

/*
 * Puts a thread that did not pass into the starved queue, by priority, then age. The caller holds
 * the run queue's lock and has taken the thread off the queue.
 */
void gate_wait(struct thread *thread);

/*
 * A thread that starves gets another priority, and with it another place in the queue. The caller
 * holds the lock of the thread's run queue.
 */
void gate_priority_change(struct thread *thread, uint8_t priority);

#define GATE_GRANTS_AT_ONCE 16

/*
 * Takes an expendable thread out of the starved queue for good: it counts no more as one that
 * starves, and nobody will make it ready. False if it is not there, not expendable, swapped out,
 * or still in the list of a wait that ended. Interrupts off.
 */
must_check bool gate_expendable_take_out(struct thread *thread);

/*
 * Lets starved threads try again, first the first, as long as there are frames for them, but no
 * more than GATE_GRANTS_AT_ONCE: the rest is for the next call, and nothing if another CPU is at
 * it. Called by the timer tick and by the reclaimer: any context with interrupts off, no run-queue
 * lock held.
 */
void gate_grant(void);

/*
 * While threads hunger: gives back what this CPU holds and does not need (all rounds but `keep`,
 * its free frames, its cached stacks), and feeds. Interrupts off, where nothing can fault.
 */
void gate_help(uint32_t keep);

/* Notes that a thread that starved runs again. Run-queue lock held. */
void gate_wait_end(struct thread *thread);

struct gate_counts {
    uint64_t waits;           /* how often a thread starved */
    uint64_t episodes;        /* how often somebody did when nobody else did */
    uint64_t longest_wait_ns; /* until it ran: for frames, and then for its turn on a CPU */
    uint64_t fed;             /* how often a thread was let go, to try again */
};

extern struct gate_counts gate_counts;
