/*
 * Mutexes: one thread at a time, the others sleep. Fair: a mutex that is given up is handed to the
 * thread that waited longest, so nobody can overtake. Not recursive. A thread that holds one may
 * sleep, but not end.
 *
 * Context: threads, interrupts on, no spinlock held; only mutex_unlock() also with one held. Taking
 * a mutex twice and giving up one that is not held are panics in every build; in the invariant
 * build so are two mutexes taken in both orders (mutex_order.c), and a lock that might have to wait
 * while a spinlock is held.
 */
#pragma once

#include "sched/core/wait_queue.h"

struct mutex {
    struct spinlock lock; /* guards the rest */
    struct thread *owner; /* NULL: free */
    struct wait_queue queue;
    const char *name; /* mutexes of one name are of one kind */
};

/* Initialiser for static storage: static struct mutex m = MUTEX(m, "what it guards"); */
#define MUTEX(variable, mutex_name)                                                                \
    {                                                                                              \
        .lock = SPINLOCK("mutex"), .queue = {LIST_INITIALIZER((variable).queue.waiters)},          \
        .name = (mutex_name)                                                                       \
    }

void mutex_init(struct mutex *mutex, const char *name);

/* Takes the mutex, however long that takes; a kill does not end the wait. */
void mutex_lock(struct mutex *mutex);

/*
 * Takes the mutex within that time, WAIT_FOREVER included. ERROR_TIMEOUT, ERROR_KILLED: the caller
 * does not have it.
 */
must_check int mutex_lock_timed(struct mutex *mutex, uint64_t timeout_ns);

/* Takes the mutex if it is free, and never waits. */
must_check bool mutex_try_lock(struct mutex *mutex);

/* Gives it up, to the longest waiter if there is one. Only by its owner. */
void mutex_unlock(struct mutex *mutex);

/* Does the calling thread hold it? */
bool mutex_is_held(const struct mutex *mutex);
