/* Telling that threads starve: who waits, and who holds the frames. */
#pragma once

#include "lib/compiler.h"

/*
 * Logs one report for each episode (from the first thread that starves until none does) in which
 * somebody has starved for half a second, and another one once there is none that could run and
 * does not starve; called every tenth of a second. Thread context, a fully
 * backed thread; allocates nothing.
 */
void memory_wait_watch(void);

/* How many reports there were. Any context. */
uint32_t memory_wait_reports(void);
