/* One lock, one count, two queues. */
#include "kernel/gathering.h"

#include "lib/error.h"

void gathering_init(struct gathering *gathering)
{
    spinlock_init(&gathering->lock, "gathering");
    gathering->arrived = 0;
    gathering->open = false;
    wait_queue_init(&gathering->guests);
    wait_queue_init(&gathering->host);
}

void gathering_attend(struct gathering *gathering)
{
    uint64_t flags = spin_lock_irq_save(&gathering->lock);
    int error = OK;
    gathering->arrived++;
    wait_queue_wake_all(&gathering->host);
    while (!gathering->open && error == OK) {
        error = wait_queue_sleep(&gathering->guests, &gathering->lock, WAIT_FOREVER);
    }
    spin_unlock_irq_restore(&gathering->lock, flags);
}

void gathering_await(struct gathering *gathering, uint32_t guests)
{
    uint64_t flags = spin_lock_irq_save(&gathering->lock);
    int error = OK;
    while (gathering->arrived < guests && error == OK) {
        error = wait_queue_sleep(&gathering->host, &gathering->lock, WAIT_FOREVER);
    }
    spin_unlock_irq_restore(&gathering->lock, flags);
}

void gathering_end(struct gathering *gathering)
{
    uint64_t flags = spin_lock_irq_save(&gathering->lock);
    gathering->open = true;
    wait_queue_wake_all(&gathering->guests);
    spin_unlock_irq_restore(&gathering->lock, flags);
}
