/* The jobs of the reclaimer, and queries about their turns, for tests: nothing else calls these. */
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
 * Makes a job spin for a while in each turn and say that it has more to do, as if it had no end.
 * RECLAIMER_JOBS: no job. Context: ANY.
 */
void reclaimer_job_hold(enum reclaimer_job job);

/* Returns how many turns a job has had. Context: ANY. */
uint64_t reclaimer_job_turns(enum reclaimer_job job);

/*
 * Returns the time in nanoseconds from the start of a round with turns of the periodic jobs, which
 * took `round_ns`, to the next such round: a tenth of a second, or more after a long round.
 * Context: ANY.
 */
uint64_t reclaimer_period_ns(uint64_t round_ns);
