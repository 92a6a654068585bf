/*
 * Wait queues: how a thread waits for something that a lock guards. The waiting thread's node lies
 * in the thread object, never on its stack, so a blocked stack is nobody else's business.
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

struct thread;

struct wait_queue {
    struct list waiters;
};

/* One per thread: a thread waits for one thing at a time. */
struct wait_node {
    struct list_node node;    /* in the queue's list while it waits */
    struct tree_node timeout; /* in a CPU's deadline tree while the wait has a deadline */
};

void wait_queue_init(struct wait_queue *queue);

/*
 * Waits for a wake-up. `lock`, which the caller holds with interrupts off, is released while the
 * thread sleeps and held again on return. OK (woken; look at the condition again), ERROR_TIMEOUT
 * after timeout_ns, ERROR_KILLED. Thread context, no other lock held.
 */
must_check int wait_queue_sleep(struct wait_queue *queue, struct spinlock *lock,
                                uint64_t timeout_ns);

/* The same, but only a wake-up ends it: for waits that must not be given up. */
void wait_queue_sleep_unkillable(struct wait_queue *queue, struct spinlock *lock);

/* The thread that waited longest, NULL if nobody waits; it goes on waiting. Holding the lock. */
struct thread *wait_queue_first(const struct wait_queue *queue);

/* Wakes the one that waited longest; false if nobody waits. Holding the queue's lock, any context.
 */
bool wait_queue_wake_one(struct wait_queue *queue);

/* Wakes all that wait. Holding the queue's lock, any context. */
void wait_queue_wake_all(struct wait_queue *queue);

static always_inline bool wait_queue_empty(const struct wait_queue *queue)
{
    return list_empty(&queue->waiters);
}
