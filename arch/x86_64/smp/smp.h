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

struct smp_callbacks {
    /*
     * Creates all that CPU `cpu` needs (per-CPU area, entry stacks, magazine) and stores the top of
     * the stack on which it enters start(): backed, aligned to 16. It is called again for a number
     * if the processor before did not answer, and then uses what exists. After an error the
     * processor is left out. Context: THREAD or boot, on CPU 0.
     */
    int (*prepare)(unsigned cpu, uint32_t apic_id, uintptr_t *stack_top);

    /*
     * Runs on the new CPU, on that stack, with interrupts off and the kernel's page tables, but
     * with the trampoline's GDT and without IDT, GS base and CR4 features. It calls
     * percpu_activate(), descriptors_load(), lapic_cpu_init() and last shootdown_cpu_join(), for
     * which CPU 0 waits.
     */
    noreturn_function void (*start)(unsigned cpu);
};

#define SMP_LOW_BYTES 0x2000  /* the trampoline's page of code and page of data */
#define SMP_LOW_END   0xa0000 /* they lie below the video memory */

/*
 * Sets the place of the trampoline: SMP_LOW_BYTES of physical memory, page-aligned, above page 0
 * and below SMP_LOW_END, which have no other use. Without them only one CPU can run. Context: boot,
 * once.
 */
void smp_low_pages_set(physical_t pages);

/*
 * Starts processors until `limit` CPUs are online or no processor is left, and returns the number
 * of online CPUs. Warns of each processor that is left out. Context: THREAD or boot, on CPU 0,
 * once.
 */
unsigned smp_start_all(unsigned limit, const struct smp_callbacks *callbacks);

/*
 * Returns how many processors were found but could not be started; those beyond the limit do not
 * count. Context: ANY.
 */
unsigned smp_left_out_count(void);

/*
 * Starts the processor with an APIC id while the gate is closed, so that it parks. Returns false if
 * it passed the gate. The processor must not be online. For tests. Context: THREAD.
 */
bool smp_wake_unwanted(uint32_t apic_id);

/*
 * Starts the processor with an APIC id and waits up to `timeout_ms` for it to pass the gate. For
 * tests, which name processors that do not exist. Context: THREAD. Errors: ERROR_TIMEOUT (it did
 * not come, and if it comes later it parks).
 */
must_check int smp_wake(uint32_t apic_id, unsigned timeout_ms);

/*
 * Returns true while the trampoline's page tables, with their identity mapping, exist. For tests.
 * Context: ANY.
 */
bool smp_tables_present(void);
