/*
 * The events at which the services of the stack engine (the reclaimer, the swapper) may have work.
 * The scheduler's core knows no more of the services than these hooks.
 */
#pragma once

#include "mm/frame/frame.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"

/*
 * Hook: the slow part of services_tick(), which most ticks do not need. Context: IRQ, no lock held.
 */
extern void (*services_work)(const struct thread *current, bool idle);

/* Hook: the idle thread is about to halt. Context: the idle thread, interrupts off, no lock held. */
extern void (*services_idle)(void);

/* Hook: an allocation for a new thread failed. Context: THREAD, no lock held. */
extern void (*services_memory_wanted)(void);

/*
 * Called at each timer tick: calls services_work() if a service may have work. `current` is the
 * thread that the tick interrupted, `idle` says whether it is the idle thread. Context: IRQ, no
 * lock held.
 */
static always_inline void services_tick(const struct thread *current, bool idle)
{
    if (unlikely(memory_waiters() != 0) || unlikely(stack_batch_enabled) || unlikely(frame_low) ||
        unlikely(__atomic_load_n(&stack_reap_many, __ATOMIC_RELAXED))) {
        services_work(current, idle);
    }
}
