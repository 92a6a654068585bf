/* The reclaimer: the thread that frees the stacks of dead threads (reclaimer.c). */
#pragma once

#include "lib/compiler.h"

/* Starts the reclaimer. Context: THREAD, once. Errors: ERROR_NO_MEMORY. */
must_check int reclaimer_start(void);

/*
 * Makes the reclaimer look for work. Does nothing if it is at work or another CPU is waking it;
 * then it may miss the newest work, and the caller's next tick asks again. So no CPU waits for
 * another one here. Context: IRQ, no run-queue lock held.
 */
void reclaimer_wake(void);

struct reclaimer_counts {
    uint32_t looks; /* rounds of its loop */
    uint32_t wakes; /* calls that took the lock to wake it: at most one for each look */
};

/* Copies the counts; they may change meanwhile. Context: ANY. */
void reclaimer_counts_read(struct reclaimer_counts *counts);
