/*
 * The dispatch gate: a CPU switches from p to n only while its magazine covers
 * missing(p) + missing(n). Why that suffices: until the switch is complete both stacks are in use
 * here and can ask for no more than their missing pages; afterwards n alone can. Whatever is taken
 * leaves the magazine and the stack's missing pages by the same number. Refills only add.
 */
#pragma once

#include "mm/magazine.h"
#include "sched/thread.h"

/* What the gate does when the magazine is not full. Interrupts off. */
must_check bool gate_pass_slowly(struct thread *from, const struct thread *to);

/*
 * May this CPU switch? One comparison when nothing was taken since the last refill: a full magazine
 * covers any two stacks (MAGAZINE_ROUNDS_MIN). Interrupts off, run-queue lock held; never waits.
 */
static always_inline must_check bool gate_pass(struct thread *from, const struct thread *to)
{
    return likely(this_cpu(magazine).taken == 0) || gate_pass_slowly(from, to);
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
void gate_starve(struct thread *thread);

/*
 * Lets starved threads try again, first the first, as long as there are frames for them. Called by
 * the timer tick and by the reclaimer: any context with interrupts off, no run-queue lock held.
 */
void gate_feed(void);

/* Notes that a thread that starved runs again. */
void gate_fed(struct thread *thread);

struct gate_counts {
    uint64_t waits; /* how often a thread starved */
    uint64_t longest_wait_ns;
};

extern struct gate_counts gate_counts;
