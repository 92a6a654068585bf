/* See wait_queue.h. Lock order: the queue's lock, deadlines, run queue. */
#include "sched/wait_queue.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/report.h"
#include "lib/error.h"
#include "sched/deadline.h"
#include "sched/schedule.h"

void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->waiters);
}

int wait_queue_sleep(struct wait_queue *queue, struct spinlock *lock, uint64_t timeout_ns)
{
    struct thread *self = thread_current();
    bool timed = timeout_ns != WAIT_FOREVER;

    invariant(!interrupts_enabled() && this_cpu(preempt_count) == 1);
    list_add_last(&queue->waiters, &self->wait.node);
    if (timed) {
        deadline_add(self, clock_now_ns() + timeout_ns);
    }
    /*
     * Blocked first, killed second: thread_kill() does it the other way round, so one of the two
     * sees the other. (xchg: the load may not pass the store.)
     */
    __atomic_exchange_n(&self->state, THREAD_BLOCKED, __ATOMIC_SEQ_CST);
    if (unlikely(self->kill_wanted)) {
        schedule_ready(self, THREAD_BLOCKED);
    }
    spin_unlock_quietly(lock);
    schedule();
    spin_lock(lock);
    if (timed) {
        deadline_remove(self);
    }
    if (list_node_linked(&self->wait.node)) { /* no waker took it out */
        list_remove(&self->wait.node);
        return self->kill_wanted ? ERROR_KILLED : ERROR_TIMEOUT;
    }
    return OK;
}

bool wait_queue_wake_one(struct wait_queue *queue)
{
    struct list_node *node = list_take_first(&queue->waiters);
    if (node == NULL) {
        return false;
    }
    schedule_ready(container_of(node, struct thread, wait.node), THREAD_BLOCKED);
    return true;
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    while (wait_queue_wake_one(queue)) {
    }
}
