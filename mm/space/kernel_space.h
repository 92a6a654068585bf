/* The kernel's own address space: built once at boot from the memory map. */
#pragma once

#include "boot/memory_map.h"

/*
 * Builds the kernel's page tables: image, direct map, page window, CPU 0's entry stacks. Takes
 * frames from the map, then loads the tables and turns on what protection the CPU has. Interrupts
 * off, on CPU 0, on the boot stack. Errors: those of the map (memory too small or too scattered).
 */
must_check int kernel_space_build(struct memory_map *map);

/* Turns on write-protect, SMEP, SMAP and UMIP where CPUID has them. Each CPU, once. */
void kernel_space_protect_cpu(void);

/* Backs the entry stacks of a CPU with frames from `source`. Nothing is left behind on an error. */
must_check int entry_stacks_create(unsigned cpu, int (*source)(physical_t *frame));
