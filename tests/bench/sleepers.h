/* Many threads that sleep until they are woken, for benchmarks. One such crowd at a time. */
#pragma once

#include "lib/compiler.h"

/*
 * Starts up to `count` threads. Each calls before(number) if that is not NULL, and sleeps. Returns
 * how many there are, once all of them sleep. Context: THREAD.
 */
unsigned sleepers_start(unsigned count, void (*before)(unsigned number));

/*
 * Wakes all of them, at most `at_once` at a time; each calls after(number) if that is not NULL, and
 * ends. Returns when all have ended. Context: THREAD.
 */
void sleepers_end(unsigned at_once, void (*after)(unsigned number));
