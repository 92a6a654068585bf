/* Settings of the list of threads for tests: nothing else calls this. */
#pragma once

#include "lib/compiler.h"

/*
 * Makes `next` the next thread id to be tried, as if the ids had wrapped around and come to it. An
 * id that a thread has is not given out again. The first id is 1. Context: THREAD.
 */
void thread_ids_set(uint32_t next);
