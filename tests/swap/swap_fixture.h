/*
 * The fixture of the swapper's tests: one thread that goes down its whole stack, comes back, and
 * sleeps with a pattern on it; each time that it wakes it looks at every byte, and begins anew.
 */
#pragma once

#include "sched/core/thread.h"
#include "sched/sync/semaphore.h"

struct swap_sleeper {
    struct semaphore wake, done;
    uint32_t rounds, wrong;
    uint32_t pages_awake; /* as it found its stack when it woke */
    bool timed;           /* it waits so that a kill ends the wait */
    volatile bool over;
    int error; /* of its last wait */
};

extern struct swap_sleeper swap_sleeper;

/*
 * Starts the sleeper, and keeps the swapper from doing anything by itself until swap_sleeper_end().
 * It sleeps when this returns. NULL if it could not be had, and the test has failed.
 */
struct thread *swap_sleeper_start(bool timed);

/* One round: it wakes, looks at its bytes, goes deep again, and sleeps. */
void swap_sleeper_wake(const struct thread *thread);

/* It wakes for the last time, and ends. */
void swap_sleeper_end(struct thread *thread);

/* Pages that it finds when it wakes, of the four it had, if the swapper left it `left` of them. */
uint32_t swap_pages_on_waking(uint32_t left);
