/*
 * Mutexes: one thread at a time holds a mutex, and others that want it sleep. Fair: mutex_unlock()
 * passes the mutex to the thread that has waited longest, and its holder inherits the highest
 * priority of those that wait (mutex_donation.h). Not recursive. A thread that holds a mutex may
 * sleep, but must not end.
 *
 * Taking a mutex twice and releasing one that is not held are panics in every build. In the
 * invariant build two more mistakes are panics: taking two mutexes in both orders (mutex_order.c),
 * and calling a function that may have to wait while a spinlock is held.
 */
#pragma once

#include "sched/core/wait_queue.h"

struct mutex {
    struct spinlock lock; /* guards the rest */
    struct thread *owner; /* NULL: free */
    struct wait_queue queue;
    const char *name; /* mutexes of one name are of one kind */
    uint8_t inherits; /* the highest priority of those that wait; may be that of one that gave up */
};

/* Initialiser for static storage: static struct mutex m = MUTEX(m, "what it guards"); */
/* clang-format off */
#define MUTEX(variable, mutex_name)                                                                \
    {.lock = SPINLOCK("mutex"),                                                                    \
     .queue = {LIST_INITIALIZER((variable).queue.waiters)},                                        \
     .name = (mutex_name)}
/* clang-format on */

/* Prepares a mutex. `name` is kept, not copied. Context: THREAD, before its first use. */
void mutex_init(struct mutex *mutex, const char *name);

/* Takes the mutex; waits without limit, and a kill does not end the wait. Context: THREAD. */
void mutex_lock(struct mutex *mutex);

/*
 * Takes the mutex; waits at most timeout_ns nanoseconds (WAIT_FOREVER: no limit). Context: THREAD.
 * Errors: ERROR_TIMEOUT, ERROR_KILLED; then the caller does not hold it.
 */
must_check int mutex_lock_timed(struct mutex *mutex, uint64_t timeout_ns);

/* Takes the mutex if it is free, without waiting; returns whether it did. Context: ATOMIC. */
must_check bool mutex_try_lock(struct mutex *mutex);

/*
 * Releases the mutex, or passes it to the thread that has waited longest. Only the owner may do so.
 * Context: ATOMIC; a spinlock may be held.
 */
void mutex_unlock(struct mutex *mutex);

/* Says whether the calling thread holds the mutex. Context: ATOMIC. */
bool mutex_is_held(const struct mutex *mutex);
