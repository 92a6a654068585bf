/*
 * Timeouts expire in the tick, so they are late by up to one tick, never early. Expiry only makes
 * the thread ready; the thread itself finds out why it was woken (wait_queue.c).
 * Lock order: the lock of what is waited for, timeouts, run queue.
 */
#include "sched/core/timeout.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/time/clock.h"
#include "sched/core/schedule.h"

/*
 * The most threads that one call makes ready. Interrupts are off, and each thread takes about 220
 * instructions.
 */
#define TIMEOUTS_AT_ONCE 32

struct timeouts {
    struct spinlock lock;
    struct tree tree; /* key: time in nanoseconds */
};

static PER_CPU(struct timeouts, timeouts);

void timeout_cpu_init(unsigned cpu)
{
    struct timeouts *own = &cpu_variable(timeouts, cpu);
    spinlock_init(&own->lock, "timeouts");
    own->tree = (struct tree){0};
}

void timeout_add(struct thread *thread, uint64_t at_ns)
{
    struct timeouts *own = this_cpu_pointer(timeouts);
    spin_lock_by(OFF_ALREADY, &own->lock);
    thread->timeout_cpu = (uint8_t)cpu_number();
    tree_insert(&own->tree, &thread->wait.timeout, at_ns);
    spin_unlock_quietly(&own->lock);
}

void timeout_remove(struct thread *thread)
{
    struct timeouts *own = &cpu_variable(timeouts, thread->timeout_cpu);
    spin_lock_by(OFF_ALREADY, &own->lock);
    if (tree_node_linked(&thread->wait.timeout)) {
        tree_remove(&own->tree, &thread->wait.timeout);
    }
    spin_unlock_quietly(&own->lock);
}

/* The last timeout_expire() on this CPU stopped at its limit, with more timeouts due. */
static PER_CPU(bool, timeouts_left);

bool timeout_expire_wanted(void)
{
    return this_cpu(timeouts_left);
}

/*
 * Makes threads ready whose timeouts are due, TIMEOUTS_AT_ONCE at most, and returns whether more
 * may be due. The lock is held. Not inlined, because at most ticks no timeout is due.
 */
static never_inline bool timeouts_wake(struct timeouts *own, uint64_t now_ns)
{
    for (unsigned woken = 0; woken < TIMEOUTS_AT_ONCE; woken++) {
        struct tree_node *first = tree_first(&own->tree);
        if (first == NULL || first->key > now_ns) {
            return false;
        }
        tree_remove(&own->tree, first);
        schedule_ready(container_of(first, struct thread, wait.timeout), THREAD_BLOCKED);
    }
    return true;
}

void timeout_expire(void)
{
    struct timeouts *own = this_cpu_pointer(timeouts);
    if (likely(tree_empty(&own->tree))) {
        return;
    }
    uint64_t now_ns = clock_now_ns();
    spin_lock_by(OFF_ALREADY, &own->lock);
    const struct tree_node *first = tree_first(&own->tree);
    bool due = first != NULL && first->key <= now_ns;
    bool left = unlikely(due) && timeouts_wake(own, now_ns);
    this_cpu(timeouts_left) = left;
    spin_unlock_quietly(&own->lock);
    if (unlikely(left)) {
        lapic_send(cpu_number(), VECTOR_RESCHEDULE); /* its handler goes on */
    }
}
