/* Settings of the out-of-memory policy for tests: nothing else calls this. */
#pragma once

#include "lib/compiler.h"

/*
 * Registers a function that the reclaimer calls with the id of the thread that is to be killed,
 * after the choice and before the kill, with no lock held; NULL removes it. Context: THREAD.
 */
void oom_choice_watch(void (*watcher)(uint32_t id));
