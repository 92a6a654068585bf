/*
 * Start of the other processors, one after the other, from the list in the MADT. Each gets the next
 * CPU number, so the numbers have no gaps. A processor that does not answer, or for which there is
 * no memory, is reported and left out.
 *
 * Order: smp_low_pages_set() while the memory map is being made; smp_start_all() when frames can be
 * allocated, after clock_init() and lapic_init().
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Hook: makes everything that CPU `cpu` needs (per-CPU area, entry stacks, magazine). Stores the
 * top of the stack on which it starts: backed, aligned to 16. It may be called again with the same
 * number, if the processor with that number did not answer: then everything exists already. An
 * error leaves the processor out. Context: THREAD, on CPU 0.
 */
extern int (*smp_processor_prepare)(unsigned cpu, uint32_t apic_id, uintptr_t *stack_top);

/*
 * Hook: the first C code of a new CPU, on its own stack. Interrupts are off; the page tables are
 * the kernel's, with NX and write-protect on; the GDT is the trampoline's, and IDT, GS and the
 * features of CR4 are not set up. It calls percpu_activate(), lapic_cpu_init() and, last,
 * cpu_online_add(), which lets CPU 0 go on. It does not return.
 */
extern noreturn_function void (*smp_processor_start)(unsigned cpu);

/*
 * Starts processors until `limit` CPUs are online or no processor is left, and returns the number
 * of online CPUs. The others of the list park, with machine checks on. Warns of each that is left
 * out. Context: THREAD or boot, on CPU 0, once.
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
 * Starts the processor with an APIC id and waits up to `timeout_ms` for it to pass the start gate.
 * For tests, which name processors that do not exist. Context: THREAD. Errors: ERROR_RANGE (the id
 * does not address one processor), ERROR_TIMEOUT (it did not come, and if it comes later it parks).
 */
must_check int smp_wake(uint32_t apic_id, unsigned timeout_ms);
