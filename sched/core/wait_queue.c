/* See wait_queue.h. Lock order: the queue's lock, timeouts, run queue. */
#include "sched/core/wait_queue.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "sched/core/schedule.h"
#include "sched/core/timeout.h"

#define WAKES_AT_ONCE 16 /* about 380 instructions for each, with interrupts off */

uint64_t wait_deadline(uint64_t timeout_ns)
{
    if (timeout_ns == WAIT_FOREVER) {
        return WAIT_FOREVER;
    }
    uint64_t now_ns = clock_now_ns();
    return timeout_ns < WAIT_FOREVER - now_ns ? now_ns + timeout_ns : WAIT_FOREVER;
}

uint64_t wait_time_left(uint64_t deadline_ns)
{
    if (deadline_ns == WAIT_FOREVER) {
        return WAIT_FOREVER;
    }
    uint64_t now_ns = clock_now_ns();
    return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

/* Checks that interrupts are off, and that the lock of the wait is the only spinlock held. */
static void wait_check_locks(const struct thread *self maybe_unused)
{
#ifdef INVARIANT
    if (interrupts_enabled() || this_cpu(preempt_count) != 1) {
        panic("thread %u (%s) waits while it holds %u spinlocks besides the queue's", self->id,
              self->name, this_cpu(preempt_count) - 1);
    }
#endif
}

/*
 * Blocks until another thread or an interrupt makes the thread ready; `lock` is released meanwhile.
 * The state is written first and kill_wanted read second. thread_kill() writes kill_wanted first
 * and reads the state second, so one of the two sees the other's write. (XCHG is needed because the
 * processor may execute a plain load before an earlier store.)
 */
static inline_if_optimized void wait_once(struct thread *self, struct spinlock *lock, bool killable)
{
    wait_check_locks(self);
    /* LAB 8 BEGIN wait-once: block, so that neither a wake-up nor a kill is lost */
    __atomic_exchange_n(&self->state, THREAD_BLOCKED, __ATOMIC_SEQ_CST);
    if (killable && unlikely(self->kill_wanted)) {
        schedule_ready(self, THREAD_BLOCKED);
    }
    spin_unlock_quietly(lock);
    schedule();
    spin_lock_by(OFF_ALREADY, lock);
    /* LAB 8 END wait-once */
}

/* Puts the calling thread into the queue, and returns it. The queue's lock is held. */
static struct thread *wait_begin(struct wait_queue *queue)
{
    struct thread *self = thread_current();
    list_add_last(&queue->waiters, &self->wait.node);
    return self;
}

void wait_in_no_queue(struct spinlock *lock)
{
    wait_once(thread_current(), lock, true);
}

void wait_giving(struct spinlock *lock, struct stack_handoff *own)
{
    struct thread *self = thread_current();
    wait_check_locks(self);
    self->state = THREAD_BLOCKED; /* schedule_give() looks for a kill */
    spin_unlock_quietly(lock);
    schedule_give(own);
    spin_lock_by(OFF_ALREADY, lock);
}

void wait_dropping(struct spinlock *lock, struct trap_frame *frame, void (*continuation)(void))
{
    struct thread *self = thread_current();
    wait_check_locks(self);
    self->state = THREAD_BLOCKED; /* schedule_dropping() looks for a kill */
    spin_unlock_quietly(lock);
    schedule_dropping(frame, continuation);
    spin_lock_by(OFF_ALREADY, lock);
}

void wait_queue_enter(struct wait_queue *queue, uint64_t timeout_ns)
{
    timeout_add(wait_begin(queue), wait_deadline(timeout_ns));
}

int wait_queue_leave(void)
{
    struct thread *self = thread_current();
    bool woken = !list_node_linked(&self->wait.node);
    int error = self->kill_wanted ? ERROR_KILLED : ERROR_TIMEOUT;
    if (!woken) {
        list_remove(&self->wait.node);
    }
    timeout_remove(self);
    return woken ? OK : error;
}

int wait_queue_sleep(struct wait_queue *queue, struct spinlock *lock, uint64_t timeout_ns)
{
    /* LAB 8 BEGIN sleep: wait for a wake-up, a timeout or a kill, and say which it was */
    struct thread *self = wait_begin(queue);
    bool timed = timeout_ns != WAIT_FOREVER;

    if (timed) {
        timeout_add(self, wait_deadline(timeout_ns));
    }
    wait_once(self, lock, true);
    if (timed) {
        timeout_remove(self);
    }
    if (list_node_linked(&self->wait.node)) { /* no waker took it out */
        list_remove(&self->wait.node);
        return self->kill_wanted ? ERROR_KILLED : ERROR_TIMEOUT;
    }
    return OK;
    /* LAB 8 END sleep */
}

int wait_queue_sleep_until(struct wait_queue *queue, struct spinlock *lock, uint64_t deadline_ns)
{
    uint64_t left_ns = wait_time_left(deadline_ns);
    return left_ns == 0 ? ERROR_TIMEOUT : wait_queue_sleep(queue, lock, left_ns);
}

void wait_queue_sleep_unkillable(struct wait_queue *queue, struct spinlock *lock)
{
    /* LAB 8 BEGIN sleep-unkillable: wait for a wake-up, and for nothing else */
    struct thread *self = wait_begin(queue);
    do {
        wait_once(self, lock, false); /* a kill wakes the thread, too, but leaves it in the queue */
    } while (list_node_linked(&self->wait.node));
    /* LAB 8 END sleep-unkillable */
}

struct thread *wait_queue_first(const struct wait_queue *queue)
{
    struct list_node *node = list_first(&queue->waiters);
    return node != NULL ? container_of(node, struct thread, wait.node) : NULL;
}

bool wait_queue_wake_one(struct wait_queue *queue)
{
    /* LAB 8 BEGIN wake-one: wake the thread that has waited longest */
    struct list_node *node = list_take_first(&queue->waiters);
    if (node == NULL) {
        return false;
    }
    schedule_ready(container_of(node, struct thread, wait.node), THREAD_BLOCKED);
    return true;
    /* LAB 8 END wake-one */
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    while (wait_queue_wake_one(queue)) {
    }
}

void wait_queue_wake_all_in_steps(struct wait_queue *queue, struct spinlock *lock, uint64_t flags)
{
    const struct list_node *last = queue->waiters.head.previous; /* compared, never followed */
    const struct list_node *first;
    /* The last one may leave by itself. No more than all threads wait, so it is passed by then. */
    uint32_t most = thread_count();
    for (uint32_t woken = 1; woken <= most && (first = list_first(&queue->waiters)) != NULL;
         woken++) {
        wait_queue_wake_one(queue);
        if (first == last) {
            return;
        }
        if (woken % WAKES_AT_ONCE == 0) {
            spin_unlock_irq_restore(lock, flags);
            ignore_result(spin_lock_irq_save(lock)); /* the caller keeps the flags */
        }
    }
}
