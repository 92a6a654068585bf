/* Waits with an end: each CPU has a tree of deadlines, looked at by its timer tick. */
#pragma once

#include "sched/thread.h"

void deadline_cpu_init(unsigned cpu);

/* Wakes `thread` at that time unless it is taken out before. Interrupts off, on its own CPU. */
void deadline_add(struct thread *thread, uint64_t at_ns);

/* Takes the thread's deadline out; afterwards it cannot fire any more. Interrupts off. */
void deadline_remove(struct thread *thread);

/* Wakes all whose time has come on this CPU. IRQ context. */
void deadline_expire(void);
