/*
 * The out-of-memory policy: kills an expendable thread (thread_expendable_set()) when threads have
 * waited for memory too long. Off unless starve-kill=SECONDS is given; without it threads that wait
 * for memory just wait. A stack fault never kills a thread, with this policy or without. What it does
 * with programs is said in kernel/task/task_oom.h.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Sets after how many nanoseconds a thread is killed in which every thread that could run waits for
 * memory and nothing is reclaimed; 0: never. Context: THREAD.
 */
void oom_kill_after(uint64_t limit_ns);

/* Returns what oom_kill_after() has set. Context: ANY. */
uint64_t oom_limit_ns(void);

/*
 * Applies the policy. The reclaimer calls this at most ten times a second and says whether it freed
 * any frame since the last call. Returns true if a thread was ended here whose stack can be
 * reclaimed now. Allocates nothing. Context: THREAD.
 */
bool oom_look(bool reclaimed);

/* Returns the number of threads killed so far. Context: ANY. */
uint32_t oom_kills(void);
