/*
 * The direct switch: a thread that is about to sleep wakes another one that sleeps on the same CPU,
 * and gives it the CPU and the rest of its time slice. No run queue changes. It is made in two
 * steps, so that the caller can change what both threads wait for in between:
 *
 *   1. direct_switch_begin() locks this CPU's run queue and checks everything that schedule() would
 *      look at: the dispatch gate, pending work, swap candidates, affinity, threads of higher
 *      priority, a reschedule that is due. If it refuses, nothing has changed.
 *   2. direct_switch_make() switches. It returns when the caller was woken and dispatched again.
 *
 * Between the two steps no other code can wake or move the sleeping thread, and the swapper cannot
 * touch it, because each of these takes the run queue's lock.
 */
#pragma once

#include "sched/core/dispatch.h"
#include "sched/stack/gate.h"

enum direct_refusal {
    DIRECT_POSSIBLE,
    DIRECT_KILLED,    /* the caller is to end, so it must not sleep */
    DIRECT_ELSEWHERE, /* the other thread does not sleep, or belongs to another CPU */
    DIRECT_PENDING,   /* the other thread has pending work: it moves, or is swapped out */
    DIRECT_PRIORITY,  /* a thread of higher priority is ready, or a reschedule is due */
    DIRECT_GATE,      /* the magazine does not cover both stacks */
};

/*
 * Says whether the dispatch gate lets this CPU switch from `from` to `to`, and refills the magazine
 * first if that helps. For when gate_is_clear() is false. Context: ATOMIC, interrupts off,
 * run-queue lock held.
 */
must_check bool direct_switch_gate_pass(struct thread *from, const struct thread *to);

/* Checks what direct_switch_begin() checks. The run queue's lock is held. */
static always_inline enum direct_refusal direct_switch_check(struct run_queue *queue,
                                                             struct thread *from, struct thread *to,
                                                             unsigned priority)
{
    if (unlikely(from->kill_wanted)) { /* thread_kill() sets it before it takes the lock */
        return DIRECT_KILLED;
    }
    if (unlikely(to->state != THREAD_BLOCKED || to->cpu != cpu_number())) {
        return DIRECT_ELSEWHERE;
    }
    if (unlikely(to->pending != 0)) {
        return DIRECT_PENDING;
    }
    if (unlikely(this_cpu(reschedule_wanted)) || unlikely(queue->ready_bits >> priority > 1)) {
        return DIRECT_PRIORITY;
    }
    if (unlikely(!gate_is_clear(to)) && !direct_switch_gate_pass(from, to)) {
        return DIRECT_GATE;
    }
    return DIRECT_POSSIBLE;
}

/*
 * Locks this CPU's run queue if the calling thread `from` may switch to `to`, which will run with
 * this priority; otherwise says why not, and the lock is free. Context: ATOMIC, interrupts off, the
 * run queue's lock not held. Other spinlocks may be held, but released before direct_switch_make().
 */
static always_inline must_check enum direct_refusal direct_switch_begin(struct run_queue *queue,
                                                                        struct thread *from,
                                                                        struct thread *to,
                                                                        unsigned priority)
{
    spinlock_take(&queue->lock); /* not counted: interrupts stay off until it is released */
    enum direct_refusal refusal = direct_switch_check(queue, from, to, priority);
    if (unlikely(refusal != DIRECT_POSSIBLE)) {
        spinlock_pass(&queue->lock);
    }
    return refusal;
}

/* The part of direct_switch_make() that changes the states of both threads. Context: as there. */
static always_inline void direct_switch_states(struct thread *from, struct thread *to)
{
    from->state = THREAD_BLOCKED;
    to->state = THREAD_RUNNING; /* queue->runnable stays: one thread less, one more */
    to->slice_ticks = from->slice_ticks;
}

/*
 * Puts the calling thread `from` to sleep and switches to `to`. The caller has loaded what `to`
 * needs in user mode. Context: ATOMIC, interrupts off, after direct_switch_begin(), no spinlock
 * held but the run queue's.
 */
static always_inline void direct_switch_make(struct run_queue *queue, struct thread *from,
                                             struct thread *to)
{
    direct_switch_states(from, to);
    switch_to(queue, from, to);
}

/*
 * Switches to `to`; the calling thread sleeps until schedule_ready() or another direct switch makes
 * it run again. If the switch is not possible, returns at once and says why. Context: ATOMIC,
 * interrupts off, preemption on, no spinlock held.
 */
must_check enum direct_refusal schedule_switch_to(struct thread *to);
