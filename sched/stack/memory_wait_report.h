/* Warnings in the log while threads wait for memory: which threads wait, and what holds frames. */
#pragma once

#include "lib/compiler.h"

/*
 * Logs one warning for each episode (from the first thread that waits for memory until none does)
 * in which a thread has waited for half a second, and another one when no other thread could run.
 * The reclaimer calls this at most ten times a second. Allocates nothing. Context: THREAD, fully
 * backed.
 */
void memory_wait_watch(void);

/* Returns the number of warnings so far. Context: ANY. */
uint32_t memory_wait_reports(void);
