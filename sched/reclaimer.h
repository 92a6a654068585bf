/* The thread that takes dead stacks apart (reclaimer.c). */
#pragma once

#include "lib/compiler.h"

/* Starts the reclaimer. Thread context, once. ERROR_NO_MEMORY. */
must_check int reclaimer_start(void);

/* Makes the reclaimer look for work. Any context but NMI, #MC, #DF; no run-queue lock held. */
void reclaimer_wake(void);
