/*
 * The low page from which processors start, the gate behind it, and the small page tables on which
 * they get from there to the kernel. For smp.c.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Copies the trampoline to its low page, makes that page read-only wherever it is mapped, and
 * builds the tables: this one page at its physical address, executable and read-only, and the
 * kernel half as in `kernel_root`. ERROR_NOT_FOUND without a reserved page; those of paging.
 */
must_check int smp_trampoline_install(physical_t kernel_root);

/* Clears the tables. The code and the closed gate stay, for a processor that comes late. */
void smp_trampoline_clear(void);

/* The number of the low page, as STARTUP wants it. */
uint8_t smp_trampoline_page(void);

/* Lets the processor with this id in, once. */
void smp_gate_open(uint32_t apic_id);

/* Lets nobody in any more; false if someone is in already. */
bool smp_gate_close(void);

bool smp_gate_is_claimed(void);
