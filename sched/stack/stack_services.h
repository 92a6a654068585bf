/*
 * The work of the services of the stack engine (the reclaimer, the swapper) at the events of
 * sched/core/services.h. All else about them is in reclaimer.h and swapper.h.
 */
#pragma once

#include "sched/core/thread.h"

/*
 * At a timer tick: gives back what this CPU holds and does not need while threads wait for memory,
 * and wakes the services that have work. `current` is the thread that the tick interrupted, `idle`
 * says whether it is the idle thread. Context: IRQ; no lock held.
 */
void stack_services_work(const struct thread *current, bool idle);

/*
 * Before the idle thread halts: gives back everything that this CPU holds while threads wait for
 * memory, and wakes the reclaimer if it has work. Context: the idle thread, interrupts off, no lock
 * held.
 */
void stack_services_idle(void);

/*
 * An allocation for a new thread failed: makes the swapper look whether it can free stack pages.
 * Does not wait for it. Context: THREAD, no lock held.
 */
void stack_services_memory_wanted(void);
