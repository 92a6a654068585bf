/* See stack_services.h. */
#include "sched/stack/stack_services.h"

#include "arch/x86_64/cpu/preempt.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_lend.h"
#include "sched/stack/gate.h"
#include "sched/stack/reclaimer.h"
#include "sched/stack/swapper.h"

void stack_services_work(const struct thread *current, bool idle)
{
    if (unlikely(memory_waiters() != 0)) {
        swapper_tick();
        gate_help(stack_missing(current->slot)); /* a busy CPU, too, may hold what others need */
        if (stack_reclaim_wanted() || stack_lend_wanted()) {
            reclaimer_wake();
        }
    }
    if (stack_reap_many) { /* on a CPU that is never idle only this wakes it */
        reclaimer_wake();
    }
    if (unlikely(stack_batch_enabled)) {
        stack_batch_tick(this_cpu(preempt_count) == 0 || idle);
    }
    if (unlikely(frame_low)) {
        swapper_tick();
    }
}

void stack_services_idle(void)
{
    if (memory_waiters() != 0) {
        gate_help(0); /* the idle thread needs no cover */
    }
    if (stack_reclaim_wanted()) {
        reclaimer_wake();
    }
}

void stack_services_memory_wanted(void)
{
    swapper_wake();
}
