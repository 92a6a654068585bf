/* Settings of the list of threads for tests: nothing else calls this. */
#pragma once

#include "lib/compiler.h"

/*
 * Makes `next` the next thread id to be tried, as if the ids had wrapped to it: an id that a thread
 * has is not given out again. 1 is where ids begin. Context: THREAD.
 */
void thread_ids_set(uint32_t next);
