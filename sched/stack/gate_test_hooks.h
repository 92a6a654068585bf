/* Settings and queries of the dispatch gate for tests: nothing else calls these. */
#pragma once

#include "sched/core/thread.h"

/*
 * Registers a function that is called for each thread that gate_grant() lets try again, before that
 * thread becomes ready; NULL removes it. The function is called with interrupts off and the lock of
 * the memory queue held: the queue then holds exactly the threads whose state is
 * THREAD_WAITS_MEMORY, except `granted`. Context: IRQ, ATOMIC or THREAD.
 */
void gate_watch(void (*watcher)(const struct thread *granted));

/*
 * Returns the number of frames promised to threads that were granted another try and have not
 * passed the gate yet. May be out of date when it is used. Context: ANY.
 */
uint32_t gate_promised(void);
