/* Settings of the swapper for tests and benchmarks: nothing else calls these. */
#pragma once

#include "sched/core/thread.h"

/* The steps of a pass over one thread. The swapper holds no lock between two of them. */
enum swapper_step {
    SWAPPER_BEFORE,    /* nothing is done yet */
    SWAPPER_NOTED,     /* the thread is a swap candidate */
    SWAPPER_UNMAPPING, /* its pages are UNMAPPING: no longer mapped, maybe still in a TLB */
    SWAPPER_SHOT,      /* the shootdown is acknowledged by all CPUs */
    SWAPPER_STANDBY,   /* its pages are STANDBY: their frames can be freed at any time */
    SWAPPER_STEPS,
};

/*
 * Called by the swapper at each step of a pass over one thread, with no lock held and interrupts
 * on; NULL by default. Set it only while no swapper_pass() is under way.
 */
extern void (*swapper_step_hook)(enum swapper_step step, struct thread *thread);

/*
 * With `quiet` true the swapper makes only the passes that swapper_pass() requests, until a call
 * with `quiet` false. Returns when no other pass is under way. Context: THREAD.
 */
void swapper_quiet_set(bool quiet);

/*
 * Turns the hysteresis of swapper_pass.c on (the default) or off, so that a benchmark can compare
 * the two. Context: ANY.
 */
void swapper_hysteresis_set(bool on);
