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

/* The steps of a pass over one thread, between which no lock is held. */
enum swapper_step {
    SWAPPER_BEFORE,    /* nothing done yet */
    SWAPPER_NOTED,     /* the thread rests */
    SWAPPER_UNMAPPING, /* its pages are on their way out */
    SWAPPER_SHOT,      /* and no CPU knows them any more */
    SWAPPER_STANDBY,   /* and their frames are anybody's */
    SWAPPER_STEPS,
};

/* Called at each step of a pass over one thread, by the swapper, for tests. */
extern void (*swapper_step_hook)(enum swapper_step step, struct thread *thread);

/*
 * Takes from `thread`, which must not end meanwhile, or (NULL) from all that sleep, at once and
 * whatever their age; returns how many threads something was taken from. Thread context; waits.
 */
uint32_t swapper_pass(struct thread *thread, enum swapper_take take);

/*
 * From now on the swapper does only what swapper_pass() asks for, and has ended what it was doing
 * by itself; and as before. For tests; thread context.
 */
void swapper_quiet_set(bool quiet);

/* Should a thread that went deep again be left alone for longer? (true) To measure what it saves.
 */
void swapper_hysteresis_set(bool on);

struct swapper_counts {
    uint64_t passes;
    uint64_t passes_ns; /* spent in them */
    uint64_t batches;   /* rounds of shootdown */
    uint64_t spared;    /* threads left alone because they had gone deep again too soon */
};

void swapper_counts_read(struct swapper_counts *counts);
