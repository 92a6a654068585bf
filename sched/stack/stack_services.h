/*
 * The services of the stack engine (the reclaimer, the swapper) as the scheduler's core sees them:
 * the events at which they may have work. All else about them is in reclaimer.h and swapper.h.
 */
#pragma once

#include "mm/frame/frame.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"

/* The part of services_tick() that most ticks do not need. Context: IRQ; no lock held. */
void services_work(const struct thread *current, bool idle);

/*
 * The timer tick's part: gives back what this CPU holds and does not need while threads wait for
 * memory, and wakes the services that have work. `current` is the thread that the tick interrupted,
 * `idle` says whether it is the idle thread. Context: IRQ; no lock held.
 */
static always_inline void services_tick(const struct thread *current, bool idle)
{
    if (unlikely(memory_waiters() != 0) || unlikely(stack_batch_enabled) || unlikely(frame_low)) {
        services_work(current, idle);
    }
}

/*
 * The idle thread's part, before it halts: gives back everything that this CPU holds while threads
 * wait for memory, and wakes the reclaimer if it has work. Context: the idle thread, interrupts
 * off, no lock held.
 */
void services_idle(void);

/*
 * An allocation for a new thread failed: makes the swapper look whether it can free stack pages.
 * Does not wait for it. Context: THREAD, no lock held.
 */
void services_memory_wanted(void);
