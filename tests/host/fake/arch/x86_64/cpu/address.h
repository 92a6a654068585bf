/* Host stand-in: physical memory is one mapping of the test process; address 0 is its first byte.
 */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/types.h"

extern unsigned char *fake_memory;

static inline void *physical_to_virtual(physical_t address)
{
    return fake_memory + address;
}

static inline physical_t virtual_to_physical(const void *address)
{
    return (physical_t)((const unsigned char *)address - fake_memory);
}
