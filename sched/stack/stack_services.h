/*
 * The work of the services of the stack engine (the reclaimer, the swapper) at the events of
 * sched/core/services.h. reclaimer.h and swapper.h describe the services themselves.
 */
#pragma once

#include "sched/core/thread.h"

/*
 * At a timer tick: while threads wait for memory, gives back the frames that this CPU keeps and
 * does not need. Wakes the services that have work. For kernel/hooks.c: the hook services_work.
 * `current` is the thread that the tick interrupted, `idle` says whether it is the idle thread.
 * Context: IRQ; no lock held.
 */
void stack_services_work(const struct thread *current, bool idle);

/*
 * Before the idle thread halts: while threads wait for memory, gives back all frames that this CPU
 * keeps. Wakes the reclaimer if it has work. For kernel/hooks.c: the hook services_idle. Context:
 * the idle thread, interrupts off, no lock held.
 */
void stack_services_idle(void);

/*
 * After an allocation for a new thread failed: makes the swapper check whether memory is short, and
 * does not wait for that. For kernel/hooks.c: the hook services_memory_wanted. Context: THREAD, no
 * lock held.
 */
void stack_services_memory_wanted(void);
