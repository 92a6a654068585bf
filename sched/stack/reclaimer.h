/* The thread that takes dead stacks apart (reclaimer.c). */
#pragma once

#include "lib/compiler.h"

/* Starts the reclaimer. Thread context, once. ERROR_NO_MEMORY. */
must_check int reclaimer_start(void);

/*
 * Makes the reclaimer look for work, unless it is at it, or another CPU is waking it: then it may
 * miss what has just come up, and the next tick asks again. So it waits for nobody for long. Any
 * context but NMI, #MC, #DF; no run-queue lock held.
 */
void reclaimer_wake(void);

struct reclaimer_counts {
    uint32_t looks; /* rounds of its loop */
    uint32_t wakes; /* calls that took the lock to wake it: at most one for each look */
};

/* Not exact while they change. Any context. */
void reclaimer_counts_read(struct reclaimer_counts *counts);
