/*
 * The short forms of a wake-up and of a sleep, for system calls in which each instruction counts:
 * schedule_ready() for a thread that sleeps on this CPU, and schedule() for a thread that goes to
 * sleep while another one is ready. Neither changes anything if it meets an unusual condition. Then
 * the caller uses the general form.
 */
#pragma once

#include "arch/x86_64/cpu/trace.h"
#include "sched/core/dispatch.h"
#include "sched/core/schedule.h"
#include "sched/stack/gate.h"

/* Returns the four bytes of a thread that run_queue.sleeper_word is compared with. */
static always_inline uint32_t thread_sleeper_word(const struct thread *thread)
{
    uint32_t word;
    __builtin_memcpy(&word, (const uint8_t *)thread + offsetof(struct thread, state), sizeof(word));
    return word;
}

/*
 * Makes a thread ready that sleeps on this CPU, and says so to this CPU if the thread is more
 * urgent than the one that runs. Returns false, with nothing changed, if the thread does not sleep
 * here or has pending work, if another CPU is idle and may want the thread, or if a trace is
 * wanted. Context: ATOMIC, interrupts off, the run queue's lock not held.
 */
static always_inline must_check bool direct_wake(struct thread *thread)
{
    struct run_queue *queue = this_cpu_pointer(run_queue);
    spinlock_take(&queue->lock); /* not counted: interrupts stay off until it is released */
    /* The word says as well that the thread's affinity allows this CPU: THREAD_PENDING_MOVES. */
    if (unlikely(thread_sleeper_word(thread) != queue->sleeper_word) ||
        unlikely(schedule_idle_cpus() != 0) || unlikely(trace_wanted)) {
        spinlock_pass(&queue->lock);
        return false;
    }
    invariant(thread != queue->current);
    run_queue_append(queue, thread);
    queue->runnable++;
    thread->state = THREAD_READY;
    if (unlikely(thread->priority > queue->current->priority)) {
        this_cpu(reschedule_wanted) = 1;
    }
    spinlock_pass(&queue->lock);
    return true;
}

/*
 * Blocks the calling thread and returns the thread that runs next, with the run queue locked; the
 * caller then loads what that thread needs in user mode, and calls switch_to(). Returns NULL, with
 * nothing changed and the run queue free, if no thread is ready, if the caller is to end, or if the
 * dispatch gate or pending work of the next thread needs schedule(). Context: ATOMIC, interrupts
 * off, preemption on, the run queue's lock not held. Other spinlocks may be held uncounted, but
 * released before the switch.
 */
static always_inline must_check struct thread *direct_sleep_begin(struct run_queue *queue,
                                                                  struct thread *from)
{
    spinlock_take(&queue->lock); /* not counted: interrupts stay off until it is released */
    struct thread *to = NULL;
    if (unlikely(queue->ready_bits == 0) || unlikely(from->kill_wanted) ||
        unlikely(!gate_is_clear(to = run_queue_first(queue)))) {
        spinlock_pass(&queue->lock); /* thread_kill() sets kill_wanted before it takes the lock */
        return NULL;
    }
    (void)run_queue_take_first(queue);
    this_cpu(reschedule_wanted) = 0;
    queue->runnable--;
    from->state = THREAD_BLOCKED;
    to->state = THREAD_RUNNING;
    return to;
}
