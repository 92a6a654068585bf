/*
 * See mutex.h. The state is free, locked, or locked with threads that may wait. A thread that waits
 * sets the third state, and leaves the mutex in this state when it takes it, because other threads
 * may wait, too. So mutex_unlock() makes a system call only if threads may wait, and then wakes
 * one. A notification keeps a signal until a thread waits, so a signal cannot come too early.
 * Source: U. Drepper, "Futexes Are Tricky", mutex2, with a notification in place of a futex.
 */
#include "user/lib/mutex.h"

#include "lib/error.h"
#include "user/lib/fatal.h"
#include "user/syscalls.h"

enum mutex_state { FREE, LOCKED, WAITED_FOR };

#define WAKE_BIT 1

bool mutex_try(struct mutex *mutex)
{
    uint32_t expected = FREE;

    return __atomic_compare_exchange_n(&mutex->state, &expected, LOCKED, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void must_succeed(int64_t result, const char *what)
{
    if (result < 0) {
        fatal("mutex: %s failed: %s", what, error_name((int)result));
    }
}

/*
 * Returns the notification, and creates it if there is none. If two threads create one at the same
 * time, the second closes its own.
 */
static uint32_t notification_get(struct mutex *mutex)
{
    uint32_t seen = __atomic_load_n(&mutex->notification, __ATOMIC_ACQUIRE);
    int64_t made;

    if (seen != 0) {
        return seen;
    }
    made = sys_notification_create();
    must_succeed(made, "making its notification");
    if (__atomic_compare_exchange_n(&mutex->notification, &seen, (uint32_t)made, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return (uint32_t)made;
    }
    must_succeed(sys_handle_close((uint32_t)made), "closing a second notification");
    return seen;
}

/* mutex_lock() if the mutex is not free. Not in line, so that it costs a free mutex nothing. */
static never_inline void lock_slowly(struct mutex *mutex)
{
    uint32_t notification = notification_get(mutex);
    uint64_t bits;

    while (__atomic_exchange_n(&mutex->state, WAITED_FOR, __ATOMIC_ACQUIRE) != FREE) {
        must_succeed(sys_notification_wait(notification, UINT64_MAX, &bits), "the wait");
    }
}

void mutex_lock(struct mutex *mutex)
{
    if (!mutex_try(mutex)) {
        lock_slowly(mutex);
    }
}

void mutex_unlock(struct mutex *mutex)
{
    if (__atomic_exchange_n(&mutex->state, FREE, __ATOMIC_RELEASE) == WAITED_FOR) {
        must_succeed(sys_notification_signal(mutex->notification, WAKE_BIT), "the signal");
    }
}

void mutex_destroy(struct mutex *mutex)
{
    if (mutex->notification != 0) {
        must_succeed(sys_handle_close(mutex->notification), "closing its notification");
        mutex->notification = 0;
    }
}
