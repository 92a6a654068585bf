/*
 * Condition variables: a thread releases a mutex and waits for a change of what the mutex guards.
 *
 *     mutex_lock(&thing->mutex);
 *     while (!thing->ready && error == OK) {
 *         error = condition_wait(&thing->changed, &thing->mutex, WAIT_FOREVER);
 *     }
 *     mutex_unlock(&thing->mutex);
 *
 * A signal that comes after condition_wait() released the mutex is never lost.
 */
#pragma once

#include "sched/sync/mutex.h"

struct condition {
    struct spinlock lock; /* guards the queue */
    struct wait_queue queue;
};

/* Initialiser for static storage: static struct condition c = CONDITION(c); */
#define CONDITION(variable)                                                                        \
    {                                                                                              \
        .lock = SPINLOCK("condition"), .queue = { LIST_INITIALIZER((variable).queue.waiters) }     \
    }

/* Prepares a condition. Context: THREAD, before its first use. */
void condition_init(struct condition *condition);

/*
 * Releases the mutex, waits for a signal at most timeout_ns nanoseconds (WAIT_FOREVER: no limit),
 * and takes the mutex again, also before it returns an error. OK means: check the condition again.
 * Context: THREAD, holding the mutex. Errors: ERROR_TIMEOUT, ERROR_KILLED.
 */
must_check int condition_wait(struct condition *condition, struct mutex *mutex,
                              uint64_t timeout_ns);

/* Wakes the thread that has waited longest, if any. Context: IRQ. */
void condition_signal(struct condition *condition);

/* Wakes all threads that wait. Context: IRQ. */
void condition_broadcast(struct condition *condition);
