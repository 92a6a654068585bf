/* Starting the other processors: what each needs before and after its first instruction. */
#pragma once

#include "lib/compiler.h"

/* Starts up to `limit` processors in all and says how many run. Thread context, once. */
void processors_start(unsigned limit);

/* Prepares what the calling CPU needs for interrupts: tables, protection. Interrupts off. */
void processor_tables_load(void);
