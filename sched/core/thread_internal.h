/* Functions that the files of the scheduler share about threads; no other room uses this. */
#pragma once

#include "sched/core/run_queue.h"

/*
 * Gives the stack of a dead thread to the cache of stacks or to the reclaimer, and wakes the
 * thread's joiner; a detached thread is freed. No CPU may use the stack any more. Context: ATOMIC,
 * interrupts off.
 */
void thread_reap(struct thread *thread);

/* Body of every idle thread (idle.c). Context: THREAD. */
void idle_entry(void *argument);

/*
 * Creates the idle thread of a CPU: fully backed, and on no run queue. Context: THREAD.
 * Errors: ERROR_NO_MEMORY.
 */
must_check int thread_create_idle(unsigned cpu, struct thread **idle);

/*
 * The first C function of every thread, called by switch.asm on the thread's own stack: finishes
 * the switch to the thread, then calls entry(argument). Context: ATOMIC, interrupts off.
 */
noreturn_function void thread_begin(void (*entry)(void *argument), void *argument, uint64_t hole,
                                    struct run_queue *queue);
