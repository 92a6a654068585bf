/* What the files of benchmarks share. */
#pragma once

#include "lib/compiler.h"

#define BENCHMARK_SAMPLES 1000
#define BENCHMARK_WARM_UP 50

/* Ticks to zero one page: reported apart from what goes on around it. Any context. */
uint64_t benchmark_zeroing_ticks(void);

/*
 * Runs body(argument) in a thread of its own, whose stack is as it is born, and waits for its end;
 * says so if there is no thread. Thread context.
 */
void benchmark_in_thread(void (*body)(void *), void *argument);
