/*
 * The swapper: the thread that takes stack pages from threads that sleep long, or from all that
 * sleep when memory is short. How it does that without losing a wake-up: swap_candidate.h.
 */
#pragma once

#include "sched/core/thread.h"

#define SWAPPER_SHRINK_AGE_MS 10000
#define SWAPPER_SWAP_AGE_MS   30000
#define SWAPPER_AGE_MS_MAX    86400000 /* a day */

/*
 * How long a thread must have slept before its unused pages are taken, and before its live bytes
 * are moved out; 0: never, but when memory is short. Any time.
 */
void swapper_ages_set(uint32_t shrink_ms, uint32_t swap_ms);

/* Starts the swapper, and tells so. Thread context, once. ERROR_NO_MEMORY. */
must_check int swapper_start(void);

/* Makes the swapper look whether memory is short. Any context but NMI, #MC, #DF; no run-queue lock.
 */
void swapper_wake(void);

/* Below so many frames that any CPU could have memory counts as short. */
extern size_t swapper_low_water;

/* If memory is short the swapper could do something about it, and no tick is waking it just now. */
extern bool swapper_alert;

/* The timer tick's part, when threads hunger or frame_low is set. IRQ context. */
static inline void swapper_tick(void)
{
    if (swapper_alert && __atomic_exchange_n(&swapper_alert, false, __ATOMIC_ACQ_REL)) {
        swapper_wake(); /* one CPU is enough: all of them would wait for the lock */
    }
}

enum swapper_take { SWAPPER_SHRINK, SWAPPER_SWAP };

/*
 * Takes from `thread`, which must not end meanwhile, or (NULL) from all that sleep, at once and
 * whatever their age; returns how many threads something was taken from. Thread context; waits.
 */
uint32_t swapper_pass(struct thread *thread, enum swapper_take take);

struct swapper_counts {
    uint64_t passes;
    uint64_t passes_ns; /* spent in them */
    uint64_t batches;   /* rounds of shootdown */
    uint64_t spared;    /* threads left alone because they had gone deep again too soon */
};

void swapper_counts_read(struct swapper_counts *counts);
