/* Starting the other processors: what each needs before and after its first instruction. */
#pragma once

#include "lib/compiler.h"

/* Makes what a new CPU needs before its first instruction: the hook smp_processor_prepare. */
must_check int processor_prepare(unsigned cpu, uint32_t apic_id, uintptr_t *stack_top_out);

/* The first C code of a new CPU: the hook smp_processor_start. */
noreturn_function void processor_start(unsigned cpu);

/* Starts up to `limit` processors in all and says how many run. Thread context, once. */
void processors_start(unsigned limit);

/* Prepares what the calling CPU needs for interrupts: tables, protection. Interrupts off. */
void processor_tables_load(void);
