/*
 * A place where threads meet: each arrives and waits there, whoever called them waits until all
 * have arrived, looks at them while they stand still, and lets them go.
 */
#pragma once

#include "sched/core/wait_queue.h"

struct barrier {
    struct spinlock lock;
    uint32_t arrived;
    bool open;                /* let go: who comes now does not wait */
    struct wait_queue guests; /* who waits to be let go */
    struct wait_queue host;   /* who waits for them to arrive */
};

/* Before the first guest. */
void barrier_init(struct barrier *barrier);

/* Arrives, and waits to be let go, or to be killed. Thread context; sleeps. */
void barrier_arrive(struct barrier *barrier);

/* Waits until so many have arrived. Thread context; sleeps; ends early if the caller is killed. */
void barrier_await(struct barrier *barrier, uint32_t guests);

/* Lets all go. Thread context. */
void barrier_release(struct barrier *barrier);
