/* See barrier.h. One lock, one count, two queues. */
#include "sched/sync/barrier.h"

#include "arch/x86_64/cpu/depth_section.h"
#include "lib/error.h"

void barrier_init(struct barrier *barrier)
{
    spinlock_init(&barrier->lock, "barrier");
    barrier->arrived = 0;
    barrier->open = false;
    wait_queue_init(&barrier->arrived_queue);
    wait_queue_init(&barrier->await_queue);
}

void barrier_arrive(struct barrier *barrier)
{
    uint64_t flags = spin_lock_irq_save(&barrier->lock);
    int error = OK;
    barrier->arrived++;
    wait_queue_wake_all(&barrier->await_queue);
    while (!barrier->open && error == OK) {
        error = wait_queue_sleep(&barrier->arrived_queue, &barrier->lock, WAIT_FOREVER);
    }
    spin_unlock_irq_restore(&barrier->lock, flags);
}

void barrier_await(struct barrier *barrier, uint32_t threads)
{
    uint64_t flags = spin_lock_irq_save(&barrier->lock);
    int error = OK;
    while (barrier->arrived < threads && error == OK) {
        error = wait_queue_sleep(&barrier->await_queue, &barrier->lock, WAIT_FOREVER);
    }
    spin_unlock_irq_restore(&barrier->lock, flags);
}

void barrier_release(struct barrier *barrier)
{
    depth_section(2100);
    uint64_t flags = spin_lock_irq_save(&barrier->lock);
    barrier->open = true;
    wait_queue_wake_all_in_steps(&barrier->arrived_queue, &barrier->lock, flags);
    spin_unlock_irq_restore(&barrier->lock, flags);
}
