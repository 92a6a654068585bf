/*
 * Priority inheritance through mutexes: a thread that holds a mutex has at least the priority of
 * each thread that waits for it, also if it waits for another mutex itself. It lasts until the
 * thread holds no mutex.
 */
#pragma once

#include "sched/sync/mutex.h"

/*
 * Links of a chain (holder, mutex that it waits for, holder of that, ...) to which a priority is
 * passed on at most: interrupts are off for all of them together. Beyond, a holder keeps its own.
 */
#define MUTEX_DONATION_LINKS_MOST 16

/*
 * The calling thread begins to wait for a mutex: gives its priority to the holder, and further on.
 * The mutex's lock is held. Context: ATOMIC, interrupts off.
 */
void mutex_donation_begin(struct mutex *mutex);

/* The wait is over, by whatever came first. The mutex's lock is held. Context: ATOMIC. */
void mutex_donation_end(void);

/*
 * The mutex goes to its next holder, which inherits from those that still wait, if there are any.
 * The mutex's lock is held. Context: ATOMIC, interrupts off.
 */
void mutex_donation_hand_over(struct mutex *mutex, struct thread *owner, bool others_wait);

/* The calling thread has released a mutex. Context: ATOMIC, the mutex's lock not held. */
void mutex_donation_released(void);

/*
 * A thread inherited a priority while it may wait for a mutex: passes it on to the holder.
 * The thread must not end meanwhile. Context: ATOMIC, interrupts off.
 */
void mutex_donation_pass(struct thread *thread, unsigned priority);
