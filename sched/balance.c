/*
 * A thief holds its own queue's lock and only ever tries the other's, so two thieves cannot wait
 * for each other. A thread on a queue is off its stack, for a CPU holds its queue's lock until a
 * switch is complete.
 */
#include "sched/balance.h"

#include "arch/x86_64/cpu.h"

#define BALANCE_TICKS 16

/* The CPU with the longest queue but this one, if it has at least `least` threads waiting. */
static bool busiest_find(unsigned self, uint32_t least, unsigned *found)
{
    uint32_t longest = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        uint32_t count = __atomic_load_n(&cpu_variable(run_queue, cpu).count, __ATOMIC_RELAXED);
        if (cpu != self && count >= least && count > longest) {
            longest = count;
            *found = cpu;
        }
    }
    return longest > 0;
}

static struct thread *steal_from(struct run_queue *queue, unsigned victim_cpu)
{
    unsigned self = cpu_number();
    struct run_queue *victim = &cpu_variable(run_queue, victim_cpu);
    if (!spin_try_lock(&victim->lock)) {
        return NULL;
    }
    struct thread *thread = run_queue_find_for(victim, self);
    if (thread != NULL) {
        run_queue_remove(victim, thread);
        thread->cpu = (uint8_t)self;
        run_queue_append(queue, thread);
        queue->steals++;
    }
    spin_unlock_quietly(&victim->lock);
    return thread;
}

struct thread *balance_steal(struct run_queue *queue)
{
    unsigned victim;
    return busiest_find(cpu_number(), 1, &victim) ? steal_from(queue, victim) : NULL;
}

bool balance_worth_stealing(unsigned cpu)
{
    unsigned victim;
    return busiest_find(cpu, 1, &victim);
}

void balance_tick(struct run_queue *queue)
{
    static PER_CPU(uint32_t, ticks);
    unsigned victim;
    if (++this_cpu(ticks) % BALANCE_TICKS != 0 || cpu_online_count() < 2 ||
        !busiest_find(cpu_number(), queue->count + 2, &victim)) {
        return;
    }
    if (spin_try_lock(&queue->lock)) {
        if (steal_from(queue, victim) != NULL) {
            this_cpu(reschedule_wanted) = 1;
        }
        spin_unlock_quietly(&queue->lock);
    }
}
