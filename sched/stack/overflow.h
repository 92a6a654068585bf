/* Stack overflow of a thread: logs it with a backtrace and ends the thread. */
#pragma once

#include "lib/compiler.h"

/* Registers the handler with the stack fault. Context: boot. */
void overflow_init(void);

/* Returns the number of threads that an overflow ended. Context: ANY. */
uint32_t overflow_count(void);
