/*
 * A CPU that steals holds its own queue's lock and only tries to take the other one, so two CPUs
 * cannot wait for each other. A thread on a queue is off its stack, because a CPU holds its queue's
 * lock until a switch is complete.
 */
#include "sched/core/balance.h"

#include "arch/x86_64/cpu/cpu.h"

#define BALANCE_TICKS 16

/* Returns how many threads wait in a queue; may be old if the queue's lock is not held. */
static uint32_t waiting_count(const struct run_queue *queue)
{
    uint32_t runnable = __atomic_load_n(&queue->runnable, __ATOMIC_RELAXED);
    const struct thread *current = __atomic_load_n(&queue->current, __ATOMIC_RELAXED);
    return current != queue->idle && runnable != 0 ? runnable - 1 : runnable;
}

/* Finds the other CPU with the longest queue of at least `least` waiting threads. */
static bool busiest_find(unsigned self, uint32_t least, unsigned *found)
{
    uint32_t longest = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        uint32_t count = waiting_count(&cpu_variable(run_queue, cpu));
        if (cpu != self && count >= least && count > longest) {
            longest = count;
            *found = cpu;
        }
    }
    return longest > 0;
}

/*
 * Moves the victim's thread of highest priority that may run here to `queue`, if that priority is
 * above `above`. Returns it, or NULL.
 */
static struct thread *steal_from(struct run_queue *queue, unsigned victim_cpu, int above)
{
    unsigned self = cpu_number();
    struct run_queue *victim = &cpu_variable(run_queue, victim_cpu);
    if (!spin_try_lock(&victim->lock)) {
        return NULL;
    }
    struct thread *thread = run_queue_find_for(victim, self);
    if (thread != NULL && thread->priority > above) {
        run_queue_remove(victim, thread);
        victim->runnable--;
        thread->cpu = (uint8_t)self;
        run_queue_append(queue, thread);
        queue->runnable++;
        queue->steals++;
    } else {
        thread = NULL;
    }
    spin_unlock_quietly(&victim->lock);
    return thread;
}

/*
 * Tries the longest queue first and then all others, because no thread of the longest may be
 * allowed to run on this CPU. A priority is always above -1.
 */
struct thread *balance_steal(struct run_queue *queue)
{
    unsigned self = cpu_number(), count = cpu_online_count(), victim;
    if (!busiest_find(self, 1, &victim)) {
        return NULL;
    }
    struct thread *thread = steal_from(queue, victim, -1);
    for (unsigned i = 1; thread == NULL && i < count; i++) {
        victim = (self + i) % count;
        if (waiting_count(&cpu_variable(run_queue, victim)) != 0) {
            thread = steal_from(queue, victim, -1);
        }
    }
    return thread;
}

bool balance_worth_stealing(unsigned cpu)
{
    unsigned victim;
    return busiest_find(cpu, 1, &victim);
}

/* Finds another CPU whose queue has a thread of higher priority than `priority`. */
static bool more_urgent_find(unsigned self, unsigned priority, unsigned *found)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        uint32_t ready =
            __atomic_load_n(&cpu_variable(run_queue, cpu).ready_bits, __ATOMIC_RELAXED);
        if (cpu != self && ready != 0 && run_queue_most_urgent(ready) > priority) {
            *found = cpu;
            return true;
        }
    }
    return false;
}

/* Counts the ticks of this CPU: every BALANCE_TICKS-th one balances. */
static PER_CPU(uint32_t, ticks);

void balance_tick(struct run_queue *queue)
{
    unsigned self = cpu_number(), victim;
    int priority = queue->current->priority;

    if (++this_cpu(ticks) % BALANCE_TICKS != 0 || cpu_online_count() < 2 ||
        !spin_try_lock(&queue->lock)) {
        return;
    }
    if ((more_urgent_find(self, (unsigned)priority, &victim) &&
         steal_from(queue, victim, priority) != NULL) ||
        (busiest_find(self, waiting_count(queue) + 2, &victim) &&
         steal_from(queue, victim, -1) != NULL)) {
        this_cpu(reschedule_wanted) = 1;
    }
    spin_unlock_quietly(&queue->lock);
}
