/*
 * Barriers: threads arrive and wait; another thread waits until all have arrived, and releases
 * them. From the return of barrier_await() to barrier_release() all of them sleep, so they can be
 * inspected.
 */
#pragma once

#include "sched/core/wait_queue.h"

struct barrier {
    struct spinlock lock; /* guards the rest */
    uint32_t arrived;
    bool open;                       /* released: a thread that arrives now does not wait */
    struct wait_queue arrived_queue; /* threads in barrier_arrive() */
    struct wait_queue await_queue;   /* threads in barrier_await() */
};

/* Prepares a barrier. Context: THREAD, before its first use. */
void barrier_init(struct barrier *barrier);

/* Counts the caller as arrived and waits for barrier_release(), or for a kill. Context: THREAD. */
void barrier_arrive(struct barrier *barrier);

/* Waits until `threads` threads have arrived, or the caller is killed. Context: THREAD. */
void barrier_await(struct barrier *barrier, uint32_t threads);

/* Opens the barrier for the threads that have arrived and for later ones. Context: THREAD. */
void barrier_release(struct barrier *barrier);
