/*
 * Starting the other processors, one after the other, from the list in the MADT. Each gets the next
 * CPU number, so numbers have no gaps; one that does not answer, or for which there is no memory,
 * is reported and left out.
 *
 * Order: smp_low_pages_set() while the memory map is still being made; smp_start_all() on CPU 0, in
 * thread context or at boot, when frames can be allocated and clock_init() and lapic_init() are
 * done.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct smp_callbacks {
    /*
     * On CPU 0: makes everything that CPU `cpu` needs (per-CPU area, entry stacks, magazine) and
     * says where the stack begins on which it enters start(): backed, aligned to 16. May be called
     * again for the same number, if the processor that it was made for did not answer: then
     * everything is there already. An error leaves the processor out.
     */
    int (*prepare)(unsigned cpu, uint32_t apic_id, uintptr_t *stack_top);

    /*
     * On the new CPU, on that stack, interrupts off, on the kernel's page tables with NX and
     * write-protect on, but with the trampoline's GDT and no IDT, GS or CR4 features yet. Calls
     * percpu_activate(), ..., lapic_cpu_init() and cpu_online_add(); the latter lets CPU 0 go on.
     */
    noreturn_function void (*start)(unsigned cpu);
};

#define SMP_LOW_BYTES 0x2000  /* code and data of the start-up: two pages */
#define SMP_LOW_END   0xa0000 /* which lie below the video memory */

/*
 * Sets where the code and data of the start-up go: SMP_LOW_BYTES of physical memory, page-aligned,
 * above page 0 and below SMP_LOW_END, which nothing else uses. Without it only one CPU can run.
 * Context: boot, once.
 */
void smp_low_pages_set(physical_t pages);

/*
 * Starts processors until `limit` are online or none is left; returns how many are online.
 * Reports each that is left out.
 */
unsigned smp_start_all(unsigned limit, const struct smp_callbacks *callbacks);

/* How many processors were found but are not online, for any reason but the limit. */
unsigned smp_left_out_count(void);

/*
 * Wakes a processor that must not come in: the gate is closed, so if it exists it parks. False if
 * it claimed the gate. For tests of the late-comer; not for a CPU that is online.
 */
bool smp_wake_unwanted(uint32_t apic_id);

/*
 * Sends the start sequence to a processor and waits for it to claim the gate, up to `timeout_ms`.
 * ERROR_TIMEOUT if it does not come; from then on it is not let in. For smp_start_all() and tests,
 * which name processors that do not exist.
 */
must_check int smp_wake(uint32_t apic_id, unsigned timeout_ms);

/* Does this virtual address translate through the trampoline's tables only? False once they are
 * cleared: the identity map is gone. For tests. */
bool smp_tables_present(void);
