/*
 * Priority inheritance through mutexes: a thread that holds a mutex has at least the priority of
 * each thread that waits for that mutex. If the holder waits for another mutex itself, it passes
 * the priority on. A thread keeps what it has inherited until it holds no mutex.
 */
#pragma once

#include "sched/sync/mutex.h"

/*
 * The most holders to which a priority is passed on along a chain (holder, mutex that it waits for,
 * holder of that mutex, ...). Interrupts are off for the whole chain. Later holders in the chain
 * keep their own priority.
 */
#define MUTEX_DONATION_LINKS_MOST 16

/*
 * The calling thread begins to wait for a mutex: passes its priority on to the holder, and along
 * the chain. The mutex's lock is held. Context: ATOMIC, interrupts off.
 */
void mutex_donation_begin(struct mutex *mutex);

/*
 * The calling thread has ended its wait for a mutex, whatever the reason. The mutex's lock is held.
 * Context: ATOMIC, interrupts off.
 */
void mutex_donation_end(void);

/*
 * Makes `owner` the holder of the mutex. If others still wait, it inherits their highest priority.
 * The mutex's lock is held. Context: ATOMIC, interrupts off.
 */
void mutex_donation_hand_over(struct mutex *mutex, struct thread *owner, bool others_wait);

/*
 * Ends what the calling thread has inherited, if it holds no mutex any more. To be called after it
 * has released one. Context: ATOMIC, the mutex's lock not held.
 */
void mutex_donation_released(void);

/*
 * Passes on a priority that a thread has just inherited in another way: to the holder of the mutex
 * that it waits for, if it waits for one. The thread must not end meanwhile. Context: ATOMIC,
 * interrupts off.
 */
void mutex_donation_pass(struct thread *thread, unsigned priority);
