/*
 * The trampoline: the low page of code from which processors start, the page of data behind it with
 * the start gate, and the small page tables that lead from there to the kernel. For smp.c.
 *
 * The start gate lets the one processor pass that is expected at the moment; every other one parks.
 * (The scheduler's dispatch gate and the gates of the IDT are other things.)
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

#define SMP_LOW_BYTES 0x2000  /* the trampoline's page of code and page of data */
#define SMP_LOW_END   0xa0000 /* they lie below the video memory */

/*
 * Sets the place of the trampoline: SMP_LOW_BYTES of physical memory, page-aligned, above page 0
 * and below SMP_LOW_END, which have no other use. Without them only one CPU can run. Context: boot,
 * once.
 */
void smp_low_pages_set(physical_t pages);

/*
 * Copies the code to its low page, makes that page read-only, and builds the trampoline's page
 * tables. They map the code page at its physical address, executable and read-only, and have the
 * kernel half of the top-level table at `kernel_root`. Context: THREAD or boot, on CPU 0. Errors:
 * ERROR_NOT_FOUND (no low pages were set), and those of paging_protect().
 */
must_check int smp_trampoline_install(physical_t kernel_root);

/*
 * Clears the tables and closes the start gate. The code stays, so that a processor that comes late
 * parks in it. Context: THREAD or boot.
 */
void smp_trampoline_clear(void);

/* Returns the page number of the code, as STARTUP takes it. Context: ANY. */
uint8_t smp_trampoline_page(void);

/* Opens the start gate for the processor with an APIC id, once. Context: THREAD or boot. */
void smp_gate_open(uint32_t apic_id);

/*
 * Closes the start gate. Returns false if a processor has passed it already. Context: THREAD or
 * boot.
 */
bool smp_gate_close(void);

/* Returns true if a processor has passed the start gate since it was opened. Context: ANY. */
bool smp_gate_is_claimed(void);

/*
 * Returns true while the trampoline's page tables, with their identity mapping, exist. For tests.
 * Context: ANY.
 */
bool smp_tables_present(void);
