/* What the scheduler's files share about threads and nobody else needs. */
#pragma once

#include "sched/core/run_queue.h"

/* The thread's stack goes to the cache or the reclaimer, and its joiner wakes. Interrupts off. */
void thread_reap(struct thread *thread);

/* Body of every idle thread (idle.c). */
void idle_entry(void *argument);

/* The idle thread of a CPU: fully backed, on no queue. */
must_check int thread_create_idle(unsigned cpu, struct thread **idle);

/* First C function of every thread, called by switch.asm on the thread's own stack. */
noreturn_function void thread_begin(void (*entry)(void *argument), void *argument, uint64_t hole,
                                    struct run_queue *queue);
