/*
 * Condition variables: waiting, without the mutex, for something that the mutex guards.
 *
 *     mutex_lock(&thing->mutex);
 *     while (!thing->ready && error == OK) {
 *         error = condition_wait(&thing->changed, &thing->mutex, WAIT_FOREVER);
 *     }
 *     mutex_unlock(&thing->mutex);
 *
 * A signal that comes after condition_wait() gave up the mutex is never lost.
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

void condition_init(struct condition *condition);

/*
 * Gives up the mutex, waits to be signalled, and takes the mutex again, whatever it returns: OK
 * (look again), ERROR_TIMEOUT, ERROR_KILLED. The caller holds the mutex, and no spinlock.
 */
must_check int condition_wait(struct condition *condition, struct mutex *mutex,
                              uint64_t timeout_ns);

/* Wakes the one that waited longest, or all. Any context but NMI, #MC, #DF. */
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition);
