/* Moving ready threads between CPUs: an idle CPU steals, a busy one is levelled now and then. */
#pragma once

#include "sched/core/run_queue.h"

/*
 * Takes a thread from the longest other queue to this CPU's, and returns it, on `queue`; NULL if
 * there is none to be had without waiting. Own queue's lock held, interrupts off.
 */
struct thread *balance_steal(struct run_queue *queue);

/* Is there another queue from which this CPU could steal? No lock; an old answer is harmless. */
bool balance_worth_stealing(unsigned cpu);

/*
 * Once every so many ticks: pulls a thread that is more urgent than the one running here, else one
 * from a queue that is longer by two. IRQ context.
 */
void balance_tick(struct run_queue *queue);
