/*
 * The fixture of the swapper's tests: one thread that goes down its whole stack, comes back, and
 * sleeps with a pattern on it. Each time it wakes, it checks every byte and begins anew.
 */
#pragma once

#include "sched/core/thread.h"
#include "sched/sync/semaphore.h"

struct swap_sleeper {
    struct semaphore wake, done;
    uint32_t rounds, wrong;
    uint32_t pages_awake; /* pages of its stack when it woke */
    bool timed;           /* a kill ends its wait */
    volatile bool over;
    int error; /* of its last wait */
};

extern struct swap_sleeper swap_sleeper;

/*
 * Starts the sleeper. The swapper does nothing by itself until swap_sleeper_end(). The thread
 * sleeps when this returns. NULL if the thread cannot be had; the test has failed then.
 * Context: THREAD.
 */
struct thread *swap_sleeper_start(bool timed);

/* Wakes it once: it checks its bytes, goes deep again, and sleeps. Context: THREAD. */
void swap_sleeper_wake(const struct thread *thread);

/* Wakes it for the last time, joins it and checks that no byte was wrong. Context: THREAD. */
void swap_sleeper_end(struct thread *thread);

/* Returns the number of pages that it finds when it wakes, if the swapper left it `left`. */
uint32_t swap_pages_on_waking(uint32_t left);
