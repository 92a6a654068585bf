/*
 * The last resort when memory is gone: a thread that said it may vanish (thread_expendable_set())
 * is killed. A policy, off unless asked for by starve-kill=SECONDS: without it threads that starve
 * just wait, and nothing is ever killed by a stack fault, with it or without.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Kill when every thread that could run has starved for so long and nothing was left to reclaim;
 * 0: never. Thread context.
 */
void oom_kill_after(uint64_t limit_ns);

/*
 * Called ten times a second by the reclaimer, which says whether it found any stack to take apart
 * since the last time. True if a thread died here, whose stack can be reclaimed now. Thread
 * context, interrupts on, no lock held; allocates nothing.
 */
bool oom_look(bool reclaimed);

/* How many threads it has killed so far. Any context. */
uint32_t oom_kills(void);
