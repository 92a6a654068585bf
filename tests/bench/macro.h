/*
 * The meter of the scenarios: what a piece of work costs, and how much memory stacks have
 * meanwhile. A thread of the highest priority samples the memory, so the main thread can do the
 * work.
 *
 * Stack memory is counted in frames: those of stacks in use, of whole stacks that wait for new
 * threads, of STANDBY pages, of the magazines and the reserve, the leaf tables of stacks, the objects
 * that hold the bytes of stacks that are swapped out, and with ipc=handoff those that stand for a
 * stack.
 */
#pragma once

#include <stddef.h>

#include "lib/random.h"

/* Begins to measure. `name` is the benchmark's, such as "macro_tree". Context: THREAD. */
void macro_begin(const char *name);

/*
 * Sleeps. The instructions of all threads meanwhile are not counted, because the counter also goes
 * on while the CPU is idle; memory and faults are. Context: THREAD.
 */
void macro_sleep_ns(uint64_t duration_ns);

/* Notes the stack memory of this moment as what the scenario has at its height. Context: THREAD. */
void macro_note(void);

/* Ends the measurement. Context: THREAD. */
void macro_stop(void);

/*
 * Prints the figures and the curve of the stack memory, after macro_stop(). If no thread could take
 * samples, prints none, and the run fails. Context: THREAD.
 */
void macro_print(void);

/* Calls macro_stop(), then macro_print(). Context: THREAD. */
void macro_end(void);

/*
 * Calls macro_stop(), then macro_print() if the scenario was as it should be, that is if `wrong` is
 * NULL. Otherwise prints that reason instead of figures, and the run fails. Context: THREAD.
 */
void macro_end_unless(const char *wrong);

/* Returns the frames of stack memory at this moment. Context: ANY. */
size_t macro_stack_pages(void);

/* Goes `bytes` bytes deep on the calling thread's stack, by recursion. Context: THREAD. */
void macro_descend(unsigned bytes);

/* Begins a stream of random numbers that depends on seed= and `stream`. Context: ANY. */
void macro_random(struct random *random, uint64_t stream);
