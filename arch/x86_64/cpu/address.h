/* From physical addresses to where the kernel sees them, and back. Pure arithmetic; any context. */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/types.h"

/* Where the direct map shows physical address p. */
static always_inline void *physical_to_virtual(physical_t address)
{
    return (void *)(DIRECT_MAP_BASE + address);
}

/* The physical address behind a direct-map or kernel-image address; no other region has one. */
static always_inline physical_t virtual_to_physical(const void *address)
{
    uintptr_t value = (uintptr_t)address;
    return value >= KERNEL_BASE ? value - KERNEL_BASE : value - DIRECT_MAP_BASE;
}
