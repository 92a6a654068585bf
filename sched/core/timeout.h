/* Waits with an end: each CPU has a tree of deadlines, looked at by its timer tick. */
#pragma once

#include "sched/core/thread.h"

void timeout_cpu_init(unsigned cpu);

/* Wakes `thread` at that time unless it is taken out before. Interrupts off, on its own CPU. */
void timeout_add(struct thread *thread, uint64_t at_ns);

/* Takes the thread's deadline out; afterwards it cannot fire any more. Interrupts off. */
void timeout_remove(struct thread *thread);

/* Wakes all whose time has come on this CPU. IRQ context. */
void timeout_expire(void);
