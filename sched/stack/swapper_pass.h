/*
 * A pass of the swapper over the threads: how long a thread must have slept, and the pass itself.
 * swapper.c decides when to make one.
 */
#pragma once

#include "sched/core/thread.h"

#define SWAPPER_SHRINK_AGE_MS 10000
#define SWAPPER_SWAP_AGE_MS   30000
#define SWAPPER_AGE_MS_MAX    86400000 /* a day */

/*
 * Sets how long a thread must have slept, in milliseconds, before its unused pages are taken and
 * before its whole stack is swapped out; 0: only while memory is short. Context: ANY.
 */
void swapper_ages_set(uint32_t shrink_ms, uint32_t swap_ms);

enum swapper_take { SWAPPER_SHRINK, SWAPPER_SWAP };

/* How short memory is: not at all; below the low-water mark; so short that threads wait for it. */
enum pressure { PRESSURE_NONE, PRESSURE_LOW, PRESSURE_WAITERS };

struct swap_request {
    struct thread *only; /* the one thread to take from, or NULL: all threads */
    bool now;            /* however short they have slept */
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

struct swapper_counts {
    uint64_t passes;
    uint64_t passes_ns; /* time in passes, without rests */
    uint64_t batches;   /* shootdowns */
    uint64_t spared;    /* threads left alone by the hysteresis */
    unsigned at_once;   /* most threads from which one hold of the list's lock took pages */
};

/*
 * The most threads from which one hold of the list's lock takes pages. Interrupts are off, and each
 * thread takes about 850 instructions.
 */
#define SWAPPER_TAKES_AT_ONCE 12

/* Copies the counts; they may change meanwhile. Context: ANY. */
void swapper_counts_read(struct swapper_counts *counts);
