/* Conversion between physical addresses and the kernel addresses that are mapped to them. */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/types.h"

/* Returns the address in the direct map of a physical address below 512 GiB. Context: ANY. */
static always_inline void *physical_to_virtual(physical_t address)
{
    return (void *)(DIRECT_MAP_BASE + address);
}

/*
 * Returns the physical address of an address in the direct map or in the kernel image. Addresses of
 * other regions have no fixed physical address and must not be passed. Context: ANY.
 */
static always_inline physical_t virtual_to_physical(const void *address)
{
    uintptr_t value = (uintptr_t)address;
    return value >= KERNEL_BASE ? value - KERNEL_BASE : value - DIRECT_MAP_BASE;
}
