/*
 * Balancing: moves ready threads between CPUs. An idle CPU steals a thread; a busy CPU pulls one
 * once every few ticks.
 */
#pragma once

#include "sched/core/run_queue.h"

/*
 * Takes a thread from the longest other queue, else from any other, puts it on `queue` (this CPU's)
 * and returns it; NULL if there is none, or if the lock of each queue that has one is held by
 * another CPU. Context: ATOMIC, interrupts off, this queue's lock held.
 */
struct thread *balance_steal(struct run_queue *queue);

/*
 * Says whether another CPU's queue has a waiting thread that CPU `cpu` might steal. May be out of
 * date when it is used. Context: IRQ, no lock held.
 */
bool balance_worth_stealing(unsigned cpu);

/*
 * Every few ticks: pulls a thread from another queue whose priority is higher than that of this
 * CPU's current thread; if there is none, a thread from a queue that has at least two waiting
 * threads more. Context: IRQ, no lock held.
 */
void balance_tick(struct run_queue *queue);
