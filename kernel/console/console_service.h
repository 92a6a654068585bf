/*
 * The thread "console": it shows text that was written with interrupts or preemption off. Its share
 * of a CPU is bounded (service_share.h), and while the serial line is busy it sleeps.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Starts the thread. Until then text is shown where it is written, with interrupts off if they are.
 * Context: THREAD, once. Errors: ERROR_NO_MEMORY, ERROR_BUSY.
 */
must_check int console_service_start(void);

/*
 * Makes the thread look for text, as soon as this CPU has interrupts on: locks may be held here
 * that a wake-up takes. Context: ANY but the entry stacks of NMI, #MC and #DF.
 */
void console_service_wake(void);
