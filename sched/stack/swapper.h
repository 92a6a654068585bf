/*
 * The swapper: the thread that takes stack pages from threads that have slept long, or from all
 * sleeping threads while memory is short. swap_candidate.h describes the protocol that keeps
 * wake-ups from being lost.
 */
#pragma once

#include "sched/core/thread.h"
#include "sched/stack/swapper_pass.h"

/* Starts the swapper and logs its settings. Context: THREAD, once. Errors: ERROR_NO_MEMORY. */
must_check int swapper_start(void);

/* Makes the swapper check whether memory is short. Context: IRQ, no run-queue lock held. */
void swapper_wake(void);

/* Memory counts as short while fewer frames than this are free to all CPUs. */
extern size_t swapper_low_water;

/*
 * True if a tick may wake the swapper: the swapper sleeps or is about to sleep, and no tick is
 * waking it now.
 */
extern bool swapper_alert;

/* Wakes the swapper while memory is short. Called by the timer tick. Context: IRQ. */
static inline void swapper_tick(void)
{
    if (swapper_alert && __atomic_exchange_n(&swapper_alert, false, __ATOMIC_ACQ_REL)) {
        swapper_wake(); /* one CPU does it: the others need not wait for the lock */
    }
}

/*
 * Takes pages from `thread`, which must not end meanwhile, or with NULL from all sleeping threads,
 * regardless of how long they have slept. Waits until the swapper has done so. Returns the number
 * of threads from which pages were taken. Context: THREAD.
 */
uint32_t swapper_pass(struct thread *thread, enum swapper_take take);
