/* A pass of the swapper over the threads: for swapper.c alone, which decides when to make one. */
#pragma once

#include "sched/stack/swapper.h"

/* How short memory is: not, below the low-water mark, or so that threads wait for it. */
enum pressure { PRESSURE_NONE, PRESSURE_LOW, PRESSURE_WAITERS };

struct swap_request {
    struct thread *only; /* the one thread to take from, or NULL: all threads */
    bool now;            /* regardless of age */
    enum swapper_take take;
};

/* How long a thread must have slept before pages are taken from it: swapper_ages_set(). */
struct swapper_ages {
    uint32_t shrink_ms;
    uint32_t swap_ms;
};

extern struct swapper_ages swapper_ages;

/*
 * Makes one pass and returns the number of threads from which pages were taken. Waits for
 * shootdowns. Context: THREAD, the swapper alone.
 */
uint32_t swapper_pass_run(const struct swap_request *wanted, enum pressure pressure);
