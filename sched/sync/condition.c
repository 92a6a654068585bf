/* See condition.h. Lock order: the condition's spinlock, the mutex's, timeouts, run queue. */
#include "sched/sync/condition.h"

#include "arch/x86_64/cpu/depth_section.h"
#include "sched/sync/mutex_order.h"

void condition_init(struct condition *condition)
{
    spinlock_init(&condition->lock, "condition");
    wait_queue_init(&condition->queue);
}

int condition_wait(struct condition *condition, struct mutex *mutex, uint64_t timeout_ns)
{
    wait_check("condition with mutex", mutex->name);
    /* LAB 8 BEGIN condition-wait: release the mutex and sleep, and lose no signal in between */
    /*
     * The mutex is released under the condition's lock, which a signal needs. So a signal that
     * comes after that waits until this thread sleeps.
     */
    uint64_t flags = spin_lock_irq_save(&condition->lock);
    mutex_unlock(mutex);
    int error = wait_queue_sleep(&condition->queue, &condition->lock, timeout_ns);
    spin_unlock_irq_restore(&condition->lock, flags);
    mutex_lock(mutex);
    return error;
    /* LAB 8 END condition-wait */
}

void condition_signal(struct condition *condition)
{
    uint64_t flags = spin_lock_irq_save(&condition->lock);
    wait_queue_wake_one(&condition->queue);
    spin_unlock_irq_restore(&condition->lock, flags);
}

void condition_broadcast(struct condition *condition)
{
    depth_section(2100);
    uint64_t flags = spin_lock_irq_save(&condition->lock);
    wait_queue_wake_all_in_steps(&condition->queue, &condition->lock, flags);
    spin_unlock_irq_restore(&condition->lock, flags);
}
