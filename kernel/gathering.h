/*
 * A place where threads meet: each arrives and waits there, whoever called them waits until all
 * have arrived, looks at them while they stand still, and lets them go.
 */
#pragma once

#include "sched/wait_queue.h"

struct gathering {
    struct spinlock lock;
    uint32_t arrived;
    bool open;                /* let go: who comes now does not wait */
    struct wait_queue guests; /* who waits to be let go */
    struct wait_queue host;   /* who waits for them to arrive */
};

/* Before the first guest. */
void gathering_init(struct gathering *gathering);

/* Arrives, and waits to be let go, or to be killed. Thread context; sleeps. */
void gathering_attend(struct gathering *gathering);

/* Waits until so many have arrived. Thread context; sleeps; ends early if the caller is killed. */
void gathering_await(struct gathering *gathering, uint32_t guests);

/* Lets all go. Thread context. */
void gathering_end(struct gathering *gathering);
