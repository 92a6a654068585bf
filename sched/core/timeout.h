/* Timeouts of waits: each CPU has a tree of them, which its timer tick looks at. */
#pragma once

#include "sched/core/thread.h"

/* Makes a CPU's tree empty. Context: THREAD, before that CPU runs threads. */
void timeout_cpu_init(unsigned cpu);

/*
 * Makes `thread` ready at clock time at_ns (nanoseconds), or up to a tick later, unless
 * timeout_remove() comes first. The timeout belongs to the calling CPU.
 * Context: ATOMIC, interrupts off.
 */
void timeout_add(struct thread *thread, uint64_t at_ns);

/*
 * Removes the thread's timeout, if it has one. On return the timeout cannot expire any more.
 * Context: IRQ, interrupts off.
 */
void timeout_remove(struct thread *thread);

/*
 * Wakes threads whose timeouts on this CPU have expired, a bounded number in one call. If more are
 * due, it sends this CPU a reschedule interrupt, whose handler calls this function again. So other
 * interrupts, and the threads that were woken, get their turn in between. Context: IRQ.
 */
void timeout_expire(void);

/* Says whether the last timeout_expire() on this CPU left timeouts that are due. Context: IRQ. */
bool timeout_expire_wanted(void);
