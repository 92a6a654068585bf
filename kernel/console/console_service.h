/*
 * The thread "console": it shows text that was written with interrupts or preemption off. Its share
 * of a CPU is bounded (service_share.h), and while the serial line is busy it sleeps.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Starts the thread. Before this call, text is shown by its writer, even if interrupts are off.
 * Context: THREAD, once. Errors: ERROR_NO_MEMORY, ERROR_BUSY.
 */
must_check int console_service_start(void);

/*
 * Wakes the thread as soon as this CPU has interrupts on. It does not do so at once, because the
 * caller may hold locks that a wake-up takes. Context: ANY but the entry stacks of NMI, #MC and
 * #DF.
 */
void console_service_wake(void);
