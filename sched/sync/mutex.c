/* See mutex.h. Lock order: the mutex's spinlock, links of mutexes, timeouts, run queue. */
#include "sched/sync/mutex.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "lib/error.h"
#include "sched/core/thread.h"
#include "sched/sync/mutex_donation.h"
#include "sched/sync/mutex_order.h"

void mutex_init(struct mutex *mutex, const char *name)
{
    spinlock_init(&mutex->lock, "mutex");
    mutex->owner = NULL;
    wait_queue_init(&mutex->queue);
    mutex->name = name;
    mutex->inherits = 0;
}

bool mutex_is_held(const struct mutex *mutex)
{
    /* Only the calling thread itself can change the answer, so no lock is needed. */
    return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == thread_current();
}

static void recursion_check(const struct mutex *mutex)
{
    if (unlikely(mutex_is_held(mutex))) {
        panic("thread %u (%s) takes mutex '%s', which it holds already", thread_current()->id,
              thread_current()->name, mutex->name);
    }
}

/*
 * The caller became the owner: it took a free mutex, or mutex_unlock() passed it on. The spinlock
 * is held: between the change of `owner` and the count, a stack overflow is a panic and cannot end
 * the thread.
 */
static void taken(const struct mutex *mutex)
{
    mutex_order_acquire(mutex);
    invariant(!thread_current()->expendable);
    thread_current()->mutexes_held++;
}

/* Takes the mutex if it is free. The spinlock is held. */
static bool take_free(struct mutex *mutex)
{
    if (mutex->owner != NULL) {
        return false;
    }
    mutex->owner = thread_current();
    return true;
}

void mutex_lock(struct mutex *mutex)
{
    wait_check("mutex", mutex->name);
    recursion_check(mutex);
    /* LAB 8 BEGIN mutex-lock: take the mutex, or wait until it is handed over */
    uint64_t flags = spin_lock_irq_save(&mutex->lock);
    if (!take_free(mutex)) {
        mutex_donation_begin(mutex);
        wait_queue_sleep_unkillable(&mutex->queue, &mutex->lock);
        mutex_donation_end();
    }
    taken(mutex);
    spin_unlock_irq_restore(&mutex->lock, flags);
    /* LAB 8 END mutex-lock */
}

int mutex_lock_timed(struct mutex *mutex, uint64_t timeout_ns)
{
    wait_check("mutex", mutex->name);
    recursion_check(mutex);
    /* LAB 8 BEGIN mutex-lock-timed: the same, with a limit on the time */
    int error = OK;
    uint64_t flags = spin_lock_irq_save(&mutex->lock);
    if (!take_free(mutex)) {
        mutex_donation_begin(mutex);
        error = wait_queue_sleep(&mutex->queue, &mutex->lock, timeout_ns);
        mutex_donation_end();
    }
    if (error == OK) {
        taken(mutex);
    }
    spin_unlock_irq_restore(&mutex->lock, flags);
    return error;
    /* LAB 8 END mutex-lock-timed */
}

bool mutex_try_lock(struct mutex *mutex)
{
    recursion_check(mutex);
    uint64_t flags = spin_lock_irq_save(&mutex->lock);
    bool free = take_free(mutex);
    if (free) {
        taken(mutex);
    }
    spin_unlock_irq_restore(&mutex->lock, flags);
    return free;
}

void mutex_unlock(struct mutex *mutex)
{
    if (unlikely(!mutex_is_held(mutex))) {
        panic("thread %u (%s) gives up mutex '%s', which it does not hold", thread_current()->id,
              thread_current()->name, mutex->name);
    }
    uint64_t flags = spin_lock_irq_save(&mutex->lock);
    mutex_order_release(mutex);
    thread_current()->mutexes_held--;
    /* LAB 8 BEGIN mutex-unlock: hand the mutex over to the thread that has waited longest */
    /*
     * The thread that is woken becomes the owner. If its wait has just timed out it is still in the
     * queue, and gets the mutex all the same.
     */
    struct thread *next = wait_queue_first(&mutex->queue);
    if (next == NULL) {
        mutex->owner = NULL;
    } else {
        mutex_donation_hand_over(mutex, next, !wait_queue_only_one(&mutex->queue));
        wait_queue_wake_one(&mutex->queue);
    }
    /* LAB 8 END mutex-unlock */
    spin_unlock_irq_restore(&mutex->lock, flags);
    mutex_donation_released();
}
