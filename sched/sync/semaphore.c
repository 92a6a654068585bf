/* See semaphore.h. Lock order: the semaphore's spinlock, timeouts, run queue. */
#include "sched/sync/semaphore.h"

#include "lib/error.h"
#include "sched/sync/mutex_order.h"

void semaphore_init(struct semaphore *semaphore, uint32_t tokens)
{
    spinlock_init(&semaphore->lock, "semaphore");
    semaphore->tokens = tokens;
    wait_queue_init(&semaphore->queue);
}

/* Takes a token, if there is one, without waiting. The spinlock is held. */
static bool take(struct semaphore *semaphore)
{
    if (semaphore->tokens == 0) {
        return false;
    }
    semaphore->tokens--;
    return true;
}

void semaphore_down(struct semaphore *semaphore)
{
    wait_check("semaphore", "");
    /* LAB 8 BEGIN semaphore-down: take a token, or wait until one is handed over */
    uint64_t flags = spin_lock_irq_save(&semaphore->lock);
    if (!take(semaphore)) {
        wait_queue_sleep_unkillable(&semaphore->queue, &semaphore->lock);
    }
    spin_unlock_irq_restore(&semaphore->lock, flags);
    /* LAB 8 END semaphore-down */
}

int semaphore_down_timed(struct semaphore *semaphore, uint64_t timeout_ns)
{
    wait_check("semaphore", "");
    /* LAB 8 BEGIN semaphore-down-timed: the same, with a limit on the time */
    int error = OK;
    uint64_t flags = spin_lock_irq_save(&semaphore->lock);
    if (!take(semaphore)) {
        error = wait_queue_sleep(&semaphore->queue, &semaphore->lock, timeout_ns);
    }
    spin_unlock_irq_restore(&semaphore->lock, flags);
    return error;
    /* LAB 8 END semaphore-down-timed */
}

bool semaphore_try_down(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save(&semaphore->lock);
    bool taken = take(semaphore);
    spin_unlock_irq_restore(&semaphore->lock, flags);
    return taken;
}

void semaphore_up(struct semaphore *semaphore)
{
    /* LAB 8 BEGIN semaphore-up: wake a thread, or keep the token */
    uint64_t flags = spin_lock_irq_save(&semaphore->lock);
    if (!wait_queue_wake_one(&semaphore->queue)) { /* a thread that is woken has the token */
        semaphore->tokens++;
    }
    spin_unlock_irq_restore(&semaphore->lock, flags);
    /* LAB 8 END semaphore-up */
}

uint32_t semaphore_tokens(const struct semaphore *semaphore)
{
    return __atomic_load_n(&semaphore->tokens, __ATOMIC_RELAXED);
}
