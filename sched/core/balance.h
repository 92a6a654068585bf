/*
 * Balancing: moves ready threads between CPUs. An idle CPU steals a thread; a busy CPU pulls one
 * once every few ticks.
 */
#pragma once

#include "sched/core/run_queue.h"

/*
 * Takes a thread from the longest other queue, else from any other, puts it on `queue` (this
 * CPU's) and returns it; NULL if there is none, or none that can be had without waiting for a lock.
 * Context: ATOMIC, interrupts off, this queue's lock held.
 */
struct thread *balance_steal(struct run_queue *queue);

/* Says whether this CPU could steal from another queue. May be old. Context: IRQ, no lock. */
bool balance_worth_stealing(unsigned cpu);

/*
 * Every few ticks: pulls a thread whose priority is higher than that of the current thread here,
 * else one from a queue that is longer by two. Context: IRQ, no lock held.
 */
void balance_tick(struct run_queue *queue);
