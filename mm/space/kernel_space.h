/* The kernel's own page tables, which are built once at boot, and the entry stacks of each CPU. */
#pragma once

#include "boot/memory_map.h"

/*
 * Builds the kernel's page tables: image, direct map, recursive mapping, CPU 0's entry stacks.
 * Takes frames from `map`, then loads the tables and calls kernel_space_protect_cpu().
 * Context: boot, on the boot stack. Errors: ERROR_NO_MEMORY if memory is too small or scattered.
 */
must_check int kernel_space_build(struct memory_map *map);

/*
 * Takes a frame for a page table: from the memory map while kernel_space_build() runs, later from
 * the frame allocator. Returns OK or ERROR_NO_MEMORY. Context: ATOMIC.
 */
must_check int kernel_space_table_frame(physical_t *frame);

/*
 * Turns on machine checks, global pages and write protection, and SMEP, SMAP and UMIP where CPUID
 * has them.
 * Context: ATOMIC, once on each CPU as it starts.
 */
void kernel_space_protect_cpu(void);

/*
 * Maps the entry stacks of a CPU onto frames from `source`.
 * Context: boot for CPU 0, THREAD for the others. Errors: those of `source`; pages mapped before
 * the error stay mapped.
 */
must_check int entry_stacks_create(unsigned cpu, int (*source)(physical_t *frame));
