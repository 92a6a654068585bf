/*
 * Start of the other processors, one after the other, from the list in the MADT. Each gets the next
 * CPU number, so the numbers have no gaps. A processor that does not answer, or for which there is
 * no memory, is reported and left out.
 *
 * Order: smp_low_pages_set() (smp_trampoline.h) while the memory map is being made; smp_start_all()
 * when frames can be allocated, after clock_init() and lapic_init().
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Hook: makes everything that CPU `cpu` needs (per-CPU area, entry stacks, magazine). Stores the
 * top of the stack on which the CPU starts: backed, aligned to 16. If a processor does not answer,
 * the hook is called again with the same number for the next one; then everything exists already.
 * An error leaves the processor out. Context: THREAD, on CPU 0.
 */
extern int (*smp_processor_prepare)(unsigned cpu, uint32_t apic_id, uintptr_t *stack_top);

/*
 * Hook: the first C code of a new CPU, on its own stack. Interrupts are off; the page tables are
 * the kernel's, with NX and write-protect on; the GDT is the trampoline's, and IDT, GS and the
 * features of CR4 are not set up. It calls percpu_activate() and sets the CPU up. Then it calls
 * shootdown_cpu_join(), which counts the CPU as online and so lets CPU 0 go on. It does not return.
 */
extern noreturn_function void (*smp_processor_start)(unsigned cpu);

/*
 * Starts processors until `limit` CPUs are online or no processor is left, and returns the number
 * of online CPUs. The other processors of the list are parked: halted, with machine checks on
 * (trampoline.asm). Warns of each processor that could not be started. Context: THREAD or boot, on
 * CPU 0, once.
 */
unsigned smp_start_all(unsigned limit);

/*
 * Returns how many processors were found but could not be started; those beyond the limit do not
 * count. Context: ANY.
 */
unsigned smp_left_out_count(void);

/*
 * Starts the processor with an APIC id while the start gate is closed, so that it parks. Returns
 * false if it passed the start gate. The processor must not be online. For tests. Context: THREAD.
 */
bool smp_wake_unwanted(uint32_t apic_id);

/*
 * Starts the processor with an APIC id and waits up to `timeout_ms` milliseconds for it to pass the
 * start gate. For tests, which name processors that do not exist. Context: THREAD. Errors:
 * ERROR_RANGE (the id does not address one processor), ERROR_TIMEOUT (no processor passed; one that
 * comes later parks).
 */
must_check int smp_wake(uint32_t apic_id, unsigned timeout_ms);
