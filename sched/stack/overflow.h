/* A thread ran over the end of its stack: told with a backtrace, and the thread ends. */
#pragma once

#include "lib/compiler.h"

/* Registers with the stack fault. Once, at boot. */
void overflow_init(void);

/* How many threads were ended for it. */
uint32_t overflow_count(void);
