/*
 * The reclaimer: unmaps the stacks of dead threads, waits for the shootdown, frees their frames. A
 * thread of its own because a shootdown is awaited in thread context, interrupts on, no lock held;
 * fully backed, so that it runs when nobody else can.
 */
#include "sched/reclaimer.h"
#include "lib/error.h"
#include "mm/stack_dead.h"
#include "mm/stack_prefault.h"
#include "sched/gate.h"
#include "sched/last_resort.h"
#include "sched/lend_batch.h"
#include "sched/starvation.h"

#define RECLAIM_PERIOD_NS 100000000UL /* looks by itself ten times a second */

static struct spinlock reclaimer_lock = SPINLOCK("reclaimer");
static struct wait_queue reclaimer_queue = {LIST_INITIALIZER(reclaimer_queue.waiters)};

void reclaimer_wake(void)
{
    uint64_t flags = spin_lock_irq_save(&reclaimer_lock);
    wait_queue_wake_one(&reclaimer_queue);
    spin_unlock_irq_restore(&reclaimer_lock, flags);
}

static void reclaimer_run(void *argument maybe_unused)
{
    for (;;) {
        bool reclaimed = stack_reclaim() != 0;
        reclaimed |= lend_batches_run() != 0;
        starvation_watch();
        stack_prefault_missing_tell();
        if (last_resort_look(reclaimed)) {
            continue; /* there is a stack to take apart */
        }
        uint64_t flags = spin_lock_irq_save_by(KERNEL_THREAD, &reclaimer_lock);
        gate_feed();
        if (!stack_reclaim_wanted()) {
            /* Whatever ended the wait, the next round looks for itself. */
            (void)!wait_queue_sleep(&reclaimer_queue, &reclaimer_lock, RECLAIM_PERIOD_NS);
        }
        spin_unlock_irq_restore(&reclaimer_lock, flags);
    }
}

int reclaimer_start(void)
{
    const struct thread_options options = {
        .name = "reclaimer",
        .priority = THREAD_PRIORITY_SYSTEM,
        .backed = true,
        .may_not_die = true,
    };
    return thread_create(&options, reclaimer_run, NULL, NULL);
}
