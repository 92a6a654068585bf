/* Stack overflow of a thread: logs it with a backtrace and ends the thread. */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"

/*
 * Handles a touch of `address`, below the lowest page that stack `slot` may have: in its guard, or
 * below the fault floor where nothing is reserved. Records the backtrace and changes `frame` so
 * that the thread ends. Panics if the thread may not end there. Context: ENTRY.
 */
void overflow_handle(struct trap_frame *frame, uintptr_t address, uint32_t slot);

/* Returns the number of threads that an overflow ended. Context: ANY. */
uint32_t overflow_count(void);
