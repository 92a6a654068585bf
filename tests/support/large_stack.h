/* Threads on stacks of a chosen size, for tests. */
#pragma once

#include "sched/core/thread.h"

/* Starts a thread on a stack of that size; NULL if it cannot be had: the test has failed then. */
struct thread *start_on_stack(const char *name, size_t bytes, void (*entry)(void *argument),
                              void *argument);

/* Runs such a thread, waits for it and checks that it ends with 0. */
void run_on_stack(const char *name, size_t bytes, void (*entry)(void *argument), void *argument);

/* Runs the body in a thread of each size, 16 KiB to 1 MiB, one after the other. */
void in_each_size(const char *name, bool backed, void (*body)(uint32_t slot, size_t bytes));
