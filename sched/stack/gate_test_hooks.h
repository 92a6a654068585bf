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
 * Returns the number of frames that were promised to granted threads which have not passed the gate
 * yet. May be old when it is looked at. Context: ANY.
 */
uint32_t gate_promised(void);
