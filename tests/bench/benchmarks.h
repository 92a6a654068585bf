/* Functions that the files of benchmarks share. */
#pragma once

#include "lib/compiler.h"

#define BENCHMARK_SAMPLES 1000
#define BENCHMARK_WARM_UP 50

/* Returns the ticks to zero one page, which are reported apart from the rest. Context: ANY. */
uint64_t benchmark_zeroing_ticks(void);

/*
 * Frees all whole stacks that wait for new threads, in this CPU's cache and in the depot, so that
 * their frames count as free. Context: THREAD.
 */
void benchmark_stacks_free(void);

/*
 * Runs body(argument) in a new thread, on a stack as it is created, and waits for its end. Prints a
 * line if there is no thread. Context: THREAD.
 */
void benchmark_in_thread(void (*body)(void *), void *argument);
