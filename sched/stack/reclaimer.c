/*
 * The reclaimer: unmaps the stacks of dead threads, waits for the shootdown, frees their frames. It
 * is a thread because a shootdown is awaited with interrupts on and no lock held. It is fully
 * backed, so that it can run while all other threads wait for memory.
 */
#include "sched/stack/reclaimer.h"
#include "lib/error.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack_modes/stack_prefault.h"
#include "sched/stack/gate.h"
#include "sched/stack/lend_batch.h"
#include "sched/stack/memory_wait_report.h"
#include "sched/stack/oom.h"

#define RECLAIM_PERIOD_NS 100000000UL /* looks by itself ten times a second */

static struct spinlock reclaimer_lock = SPINLOCK("reclaimer");
static struct wait_queue reclaimer_queue = {LIST_INITIALIZER(reclaimer_queue.waiters)};

static struct reclaimer_counts counts;

/* True if it sleeps or is about to, and no CPU is waking it. */
static bool alert;

void reclaimer_wake(void)
{
    /*
     * One CPU is enough. While threads wait for memory all CPUs would take the lock at each tick;
     * where virtual CPUs share a processor that takes longer than a tick.
     */
    if (!__atomic_load_n(&alert, __ATOMIC_RELAXED) ||
        !__atomic_exchange_n(&alert, false, __ATOMIC_SEQ_CST)) {
        return;
    }
    uint64_t flags = spin_lock_irq_save(&reclaimer_lock);
    __atomic_add_fetch(&counts.wakes, 1, __ATOMIC_RELAXED);
    wait_queue_wake_one(&reclaimer_queue);
    spin_unlock_irq_restore(&reclaimer_lock, flags);
}

void reclaimer_counts_read(struct reclaimer_counts *out)
{
    *out = counts;
}

static void reclaimer_run(void *argument maybe_unused)
{
    for (;;) {
        bool reclaimed = stack_reclaim() != 0;
        reclaimed |= lend_batches_run() != 0;
        memory_wait_watch();
        stack_prefault_missing_log();
        if (oom_look(reclaimed)) {
            continue; /* there is a stack to free */
        }
        uint64_t flags = interrupts_save_by(KERNEL_THREAD);
        gate_grant();
        spin_lock_by(OFF_ALREADY, &reclaimer_lock);
        __atomic_add_fetch(&counts.looks, 1, __ATOMIC_RELAXED);
        /* Set before stack_reclaim_wanted(): new work is either seen there, or its CPU wakes this.
         */
        __atomic_store_n(&alert, true, __ATOMIC_SEQ_CST);
        if (!stack_reclaim_wanted()) {
            /* However the wait ended, the next round looks for work. */
            ignore_result(wait_queue_sleep(&reclaimer_queue, &reclaimer_lock, RECLAIM_PERIOD_NS));
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
