/*
 * Wait queues: how a thread waits for something that a lock guards. The waiting thread's node lies
 * in struct thread, never on its stack, so no other thread touches the stack of a blocked thread.
 *
 *     flags = spin_lock_irq_save(&thing->lock);
 *     while (!thing->ready && error == OK) {
 *         error = wait_queue_sleep(&thing->queue, &thing->lock, WAIT_FOREVER);
 *     }
 *     spin_unlock_irq_restore(&thing->lock, flags);
 *
 * The queue is guarded by the same lock as the condition; wakers hold it as well.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "lib/list.h"
#include "lib/tree.h"

#define WAIT_FOREVER UINT64_MAX

struct stack_handoff;
struct thread;
struct trap_frame;

struct wait_queue {
    struct list waiters;
};

/* One per thread: a thread waits for one thing at a time. */
struct wait_node {
    struct list_node node;    /* in the queue's list while it waits */
    struct tree_node timeout; /* in a CPU's tree of timeouts while the wait has one */
};

/* Makes the queue empty. Before its first use. Context: ANY. */
static always_inline void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->waiters);
}

/*
 * Returns the deadline, a clock time in nanoseconds, of a wait that begins now and may take
 * timeout_ns nanoseconds; WAIT_FOREVER for WAIT_FOREVER. A loop of waits computes it once, so that
 * wake-ups do not prolong the whole. Context: ANY.
 */
uint64_t wait_deadline(uint64_t timeout_ns);

/*
 * Returns how many nanoseconds a wait until a deadline may take: 0 if the deadline has passed;
 * WAIT_FOREVER for WAIT_FOREVER. Context: ANY.
 */
uint64_t wait_time_left(uint64_t deadline_ns);

/*
 * Waits for a wake-up, at most timeout_ns nanoseconds (WAIT_FOREVER: no limit). `lock` is the only
 * spinlock that the caller holds, with interrupts off; it is released while the thread sleeps and
 * held again on return. OK means that the thread was woken: check the condition again. Context:
 * ATOMIC as said; sleeps. Errors: ERROR_TIMEOUT, ERROR_KILLED.
 */
must_check int wait_queue_sleep(struct wait_queue *queue, struct spinlock *lock,
                                uint64_t timeout_ns);

/*
 * Waits for a wake-up until a deadline (WAIT_FOREVER: none), as wait_queue_sleep() does, and under
 * the same lock. Returns ERROR_TIMEOUT without a sleep if the deadline has passed. So a loop whose
 * condition does not hold ends, even if each of its sleeps is ended by a wake-up before the timer
 * finds the deadline passed. Context: ATOMIC, with `lock` held; sleeps. Errors: ERROR_TIMEOUT,
 * ERROR_KILLED.
 */
must_check int wait_queue_sleep_until(struct wait_queue *queue, struct spinlock *lock,
                                      uint64_t deadline_ns);

/*
 * Sleeps, without a wait queue, until schedule_ready() or a kill makes the thread ready. The caller
 * finds out which of the two it was. `lock` is the only spinlock that the caller holds, with
 * interrupts off; it is released while the thread sleeps and held again on return. Context: ATOMIC
 * as said; sleeps.
 */
void wait_in_no_queue(struct spinlock *lock);

/*
 * wait_in_no_queue() for a thread that gives its stack away. Returns only if it was woken before it
 * slept; else it goes on at own->continuation, with interrupts off and no lock held. Context: as
 * there, after handoff_prepare().
 */
void wait_giving(struct spinlock *lock, struct stack_handoff *own);

/*
 * wait_in_no_queue() for a thread that gives up what lies on its stack below the user's frame, which
 * is at the top. Returns only if it was woken before it slept; else it goes on at `continuation`, as
 * thread_switch_dropping() says, with interrupts off and no lock held. Context: as there.
 */
void wait_dropping(struct spinlock *lock, struct trap_frame *frame, void (*continuation)(void));

/*
 * The two parts of wait_queue_sleep() with a timeout, around wait_giving(). The second one returns
 * the result of the wait. Context: ATOMIC, with the queue's lock held.
 */
void wait_queue_enter(struct wait_queue *queue, uint64_t timeout_ns);
must_check int wait_queue_leave(void);

/*
 * Waits for a wake-up. Neither a kill nor a timeout ends the wait: for waits that must not be given
 * up. `lock` is the only spinlock that the caller holds, with interrupts off; it is released while
 * the thread sleeps and held again on return. Context: ATOMIC as said; sleeps.
 */
void wait_queue_sleep_unkillable(struct wait_queue *queue, struct spinlock *lock);

/*
 * Returns the thread that has waited longest, or NULL; it stays in the queue.
 * Context: IRQ, the queue's lock held.
 */
struct thread *wait_queue_first(const struct wait_queue *queue);

/*
 * Wakes the thread that has waited longest. Returns false if no thread waits.
 * Context: IRQ, the queue's lock held.
 */
bool wait_queue_wake_one(struct wait_queue *queue);

/*
 * Wakes all threads that wait. For queues of few threads, because interrupts stay off for the whole
 * call. Context: IRQ, the queue's lock held.
 */
void wait_queue_wake_all(struct wait_queue *queue);

/*
 * Wakes all threads that wait when it is called, a few at a time. Between two groups it releases
 * `lock`, which guards the queue, and restores interrupts to `flags`, the value that
 * spin_lock_irq_save() returned. The state that the lock guards may change meanwhile, and a thread
 * that begins to wait meanwhile may be woken, too. The lock is held again on return. Context: IRQ,
 * the queue's lock held; with interrupts on in `flags` they are off for a bounded time.
 */
void wait_queue_wake_all_in_steps(struct wait_queue *queue, struct spinlock *lock, uint64_t flags);

/* Says whether one thread waits, and no other. Context: IRQ, the queue's lock held. */
static always_inline bool wait_queue_only_one(const struct wait_queue *queue)
{
    return !list_empty(&queue->waiters) && queue->waiters.head.next == queue->waiters.head.previous;
}

/* Says whether no thread waits. Context: IRQ, the queue's lock held. */
static always_inline bool wait_queue_empty(const struct wait_queue *queue)
{
    return list_empty(&queue->waiters);
}
