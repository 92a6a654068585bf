/* The reclaimer: the thread that frees the stacks of dead threads (reclaimer.c). */
#pragma once

#include "lib/compiler.h"

/* Starts the reclaimer. Context: THREAD, once. Errors: ERROR_NO_MEMORY. */
must_check int reclaimer_start(void);

/*
 * Makes the reclaimer look for work. Does nothing if the reclaimer is at work or another CPU is
 * waking it, so that CPUs do not wait for each other here. Then the reclaimer may miss work that
 * has just come; the caller's next tick calls again. Context: IRQ, no run-queue lock held.
 */
void reclaimer_wake(void);

struct reclaimer_counts {
    uint32_t looks; /* rounds of its loop */
    uint32_t wakes; /* calls of reclaimer_wake() that took the lock: at most one for each look */
};

/* Copies the counts; they may change meanwhile. Context: ANY. */
void reclaimer_counts_read(struct reclaimer_counts *counts);
