/*
 * Start of the processors other than CPU 0: the memory that each needs before its first
 * instruction, and its initialisation after that. arch/x86_64/smp starts the processors and calls
 * the hooks here.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Creates what CPU number `cpu` needs before its first instruction: per-CPU area, entry stacks,
 * magazine and idle thread. The memory is taken from the NUMA node of the processor with this local
 * APIC id, if it has free frames. Stores the address at which the CPU's stack pointer begins. If an
 * earlier call for `cpu` succeeded, its memory is used again. The hook smp_processor_prepare.
 * Context: THREAD, on CPU 0. Errors: ERROR_NO_MEMORY, logged.
 */
must_check int processor_prepare(unsigned cpu, uint32_t apic_id, uintptr_t *stack_top_out);

/*
 * Initialises the calling CPU, which has the number `cpu`, and runs its scheduler. Does not return.
 * If the CPU refuses FRED while CPU 0 uses it, logs an error and halts. The hook
 * smp_processor_start. Context: boot of that CPU, interrupts off, on its idle thread's stack.
 */
noreturn_function void processor_start(unsigned cpu);

/*
 * Starts processors until `limit` CPUs run, CPU 0 included, or no processor is left. Logs how many
 * run, and a warning if processors were left out. Context: THREAD, on CPU 0, once.
 */
void processors_start(unsigned limit);

/*
 * Loads the descriptor tables of the calling CPU and turns on its memory protections. Context: boot
 * of each CPU, interrupts off, after percpu_activate().
 */
void processor_tables_load(void);
