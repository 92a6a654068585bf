/* The jobs of the reclaimer, for tests that look at their turns. */
#pragma once

#include "lib/compiler.h"

enum reclaimer_job {
    RECLAIMER_REAP,    /* frees the stacks of ended threads */
    RECLAIMER_LEND,    /* takes lent pages back */
    RECLAIMER_REPORT,  /* says in the log who waits for memory */
    RECLAIMER_MISSING, /* says in the log what stack=prefault missed */
    RECLAIMER_OOM,     /* looks whether a thread must be killed */
    RECLAIMER_GRANT,   /* grants threads that wait for memory another try */
    RECLAIMER_JOBS,
};

/*
 * Makes a job do nothing useful in its turns and say that there is more to do, as if it had no end;
 * RECLAIMER_JOBS: none. Context: ANY.
 */
void reclaimer_job_hold(enum reclaimer_job job);

/* Returns how many turns a job has had. Context: ANY. */
uint64_t reclaimer_job_turns(enum reclaimer_job job);

/*
 * Returns how long the period is in which the periodic jobs had a turn in a round of `round_ns`
 * nanoseconds: a tenth of a second, or more after a long round. Context: ANY.
 */
uint64_t reclaimer_period_ns(uint64_t round_ns);
