/*
 * The dispatch gate: a CPU switches from thread p to thread n only while its magazine covers
 * missing(p) + missing(n).
 *
 * This covers every way in which a running thread can take a page (invariant I3):
 *
 *  - Growth. A touch of a hole takes at most the missing pages, and each page that it takes lowers
 *    the magazine and missing(t) by one. So a stack that is covered stays covered, with interrupts
 *    on or off. No other CPU takes from this CPU's magazine.
 *  - Frames moved from an entry stack (a preemption, a page fault of the thread's own) lie on the
 *    thread's stack like any other frame. The handler that moves the frame fills the pages that it
 *    needs, by the same function as a fault and from the same magazine. A frame that does not fit
 *    above the fault floor is an overflow, not a missing page.
 *  - A switch. From the gate until the next thread has finished the switch both stacks are in use:
 *    the old one by the pushes, the new one by its first calls. Hence the sum. A new thread and one
 *    from another CPU pass the same gate.
 *  - The refill runs on p's stack. The pages that it takes there are charged before it adds frames
 *    (magazine.c).
 *  - missing(t) grows only when pages are taken away: by t itself, which refills first
 *    (stack_trim()), or while t is on no run queue, so that it passes the gate before it runs
 *    again. A stack that is swapped out misses 4. So the sum is at most 3 + 4, which is
 *    MAGAZINE_ROUNDS_MIN.
 *
 * The invariant build asserts this at each dispatch, at each stack fault, and at each return from
 * an entry stack to code that had interrupts on (entry_return_check).
 */
#pragma once

#include "mm/stack/magazine.h"
#include "sched/core/thread.h"

/*
 * The slow part of gate_pass(), for when frames were taken since the last refill: refills, and says
 * whether the magazine covers both threads. Context: ATOMIC, interrupts off, run-queue lock held.
 */
must_check bool gate_pass_slowly(struct thread *from, const struct thread *to);

/*
 * Says whether this CPU may switch between the two threads. It may if nothing was taken since the
 * last refill, because a full magazine covers any two stacks (MAGAZINE_ROUNDS_MIN). Never waits.
 * Context: ATOMIC, interrupts off, run-queue lock held.
 */
static always_inline must_check bool gate_pass(struct thread *from, const struct thread *to)
{
    return likely(this_cpu(magazine).taken == 0) || gate_pass_slowly(from, to);
}

/*
 * Says whether no frame was taken since the last refill and `to` has no pending work, in one
 * comparison. If false, the caller asks gate_pass() and then does the pending work. Context:
 * ATOMIC, interrupts off, run-queue lock held.
 */
static always_inline must_check bool gate_is_clear(const struct thread *to)
{
    return likely((this_cpu(magazine).taken | to->pending) == 0);
}

/*
 * For gate=off, which is for teaching, and for stack=prefault: the gate also lets threads pass that
 * are not covered. Then a stack fault can find too few frames: a critical stack fault. Context:
 * boot.
 */
void gate_off(void);

/*
 * Puts a thread that did not pass into the memory queue, by priority and then by the time at which
 * its wait began. The caller has taken it off the run queue. Context: ATOMIC, interrupts off,
 * run-queue lock held.
 */
void gate_wait(struct thread *thread);

/*
 * Sets the priority of a thread in state THREAD_WAITS_MEMORY, and its place in the memory queue.
 * Context: IRQ, interrupts off, the lock of the thread's run queue held.
 */
void gate_priority_change(struct thread *thread, uint8_t priority);

#define GATE_GRANTS_AT_ONCE 16

/*
 * Takes an expendable thread out of the memory queue for good: it no longer counts as waiting, and
 * no function makes it ready any more. Returns false, and changes nothing, unless the thread is in
 * the memory queue, expendable, not swapped out and on no wait queue. Context: IRQ, interrupts off.
 */
must_check bool gate_expendable_take_out(struct thread *thread);

/*
 * Makes threads of the memory queue ready to try the gate again, the first of the queue first,
 * while free frames cover their stacks, and at most GATE_GRANTS_AT_ONCE. The next call continues.
 * Does nothing if another CPU is in this function. Called by the timer tick and by the reclaimer.
 * Context: IRQ, interrupts off, no run-queue lock held.
 */
void gate_grant(void);

/*
 * For use while threads wait for memory: gives back the frames that this CPU keeps and does not
 * need (its magazine but for `keep` frames, its per-CPU free list, its cached stacks), then calls
 * gate_grant(). Context: IRQ, interrupts off, on a fully backed stack or an entry stack.
 */
void gate_help(uint32_t keep);

/* Notes that a thread that waited for memory runs again. Context: ATOMIC, run-queue lock held. */
void gate_wait_end(struct thread *thread);

struct gate_counts {
    uint64_t waits;           /* how often a thread began to wait for memory */
    uint64_t episodes;        /* waits that began when no other thread waited */
    uint64_t longest_wait_ns; /* from the first refusal to the dispatch */
    uint64_t grants;          /* how often a thread was made ready to try again */
};

/*
 * Written under the memory queue's lock; longest_wait_ns under that of the run queue of the CPU, so
 * of two waits that end at once on two CPUs the longer may be missed. Read without a lock.
 */
extern struct gate_counts gate_counts;
