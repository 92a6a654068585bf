/*
 * See mutex_donation.h. `links_lock` guards thread->blocked_on, and mutex->owner when a mutex is
 * handed over to a thread that waits for it. A thread whose wait is over takes `links_lock` once
 * before it goes on. So while the lock is held, every mutex that some thread's `blocked_on` names
 * exists, and so does its holder. Lock order: a mutex, links, run queue.
 */
#include "sched/sync/mutex_donation.h"

#include "sched/core/schedule.h"

static struct spinlock links_lock = SPINLOCK("mutex links");

/*
 * Passes a priority on along the chain that begins at a thread which may wait. links_lock is held.
 */
static void walk(const struct thread *thread, unsigned priority)
{
    /* LAB 8 BEGIN walk: pass the priority on, holder by holder */
    for (unsigned link = 0; link < MUTEX_DONATION_LINKS_MOST; link++) {
        struct mutex *mutex = thread->blocked_on;
        if (mutex == NULL) {
            return;
        }
        if (priority > mutex->inherits) {
            mutex->inherits = (uint8_t)priority;
        }
        if (mutex->owner == thread || /* it was handed over, and the thread has not run yet */
            !schedule_inherit(mutex->owner, THREAD_INHERIT_MUTEX, priority)) {
            return;
        }
        thread = mutex->owner;
    }
    /* LAB 8 END walk */
}

void mutex_donation_begin(struct mutex *mutex)
{
    struct thread *self = thread_current();
    spin_lock_by(OFF_ALREADY, &links_lock);
    self->blocked_on = mutex;
    walk(self, self->priority);
    spin_unlock_quietly(&links_lock);
}

void mutex_donation_end(void)
{
    spin_lock_by(OFF_ALREADY, &links_lock);
    thread_current()->blocked_on = NULL;
    spin_unlock_quietly(&links_lock);
}

void mutex_donation_hand_over(struct mutex *mutex, struct thread *owner, bool others_wait)
{
    spin_lock_by(OFF_ALREADY, &links_lock);
    mutex->owner = owner;
    if (!others_wait) {
        mutex->inherits = 0;
    } else {
        ignore_result(schedule_inherit(owner, THREAD_INHERIT_MUTEX, mutex->inherits));
    }
    spin_unlock_quietly(&links_lock);
}

void mutex_donation_released(void)
{
    struct thread *self = thread_current();
    if (self->mutexes_held == 0) {
        schedule_inherit_end(self, THREAD_INHERIT_MUTEX);
    }
}

void mutex_donation_pass(struct thread *thread, unsigned priority)
{
    if (__atomic_load_n(&thread->blocked_on, __ATOMIC_RELAXED) != NULL) {
        spin_lock_by(OFF_ALREADY, &links_lock);
        walk(thread, priority);
        spin_unlock_quietly(&links_lock);
    }
}
