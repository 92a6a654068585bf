/* Host stand-in: page tables as an array of the frames behind the first pages of the region area.
 */
#pragma once

#include "arch/x86_64/layout.h"
#include "arch/x86_64/types.h"

#define PAGE_KERNEL_DATA 1UL

struct paging_walk {
    bool present;
    physical_t physical;
};

must_check int paging_map(uintptr_t address, physical_t physical, size_t bytes, uint64_t flags);
must_check int paging_tables_create(uintptr_t address, size_t bytes);
void paging_unmap(uintptr_t address, size_t bytes);
void paging_walk(uintptr_t address, struct paging_walk *walk);
