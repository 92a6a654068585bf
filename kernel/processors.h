/* Start of the other processors: what each needs before and after its first instruction. */
#pragma once

#include "lib/compiler.h"

/*
 * Makes what a new CPU needs before its first instruction, and stores the top of its stack: the
 * hook smp_processor_prepare. Context: THREAD, on CPU 0. Errors: ERROR_NO_MEMORY.
 */
must_check int processor_prepare(unsigned cpu, uint32_t apic_id, uintptr_t *stack_top_out);

/* Runs a new CPU: the hook smp_processor_start. Context: boot of that CPU, interrupts off. */
noreturn_function void processor_start(unsigned cpu);

/*
 * Starts processors until `limit` CPUs run or none is left, and logs how many run. Context: THREAD,
 * once.
 */
void processors_start(unsigned limit);

/*
 * Loads the descriptor tables of the calling CPU and turns its protections on. Context: boot of
 * each CPU, interrupts off.
 */
void processor_tables_load(void);
