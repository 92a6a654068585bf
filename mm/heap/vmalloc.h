/*
 * Kernel virtual regions: memory that is contiguous in addresses only, with an unmapped guard page
 * on either side, in the lower half of the region area (arch/x86_64/cpu/layout.h; device mappings
 * have the upper half). For what is larger than a block of frames, or should fault when overrun.
 *
 * Allocating and freeing need thread context with interrupts on and no spinlock held: freeing waits
 * until every CPU has forgotten the translations before the frames, and the addresses, are used
 * again. The list has a lock, taken with interrupts off.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

#define VMALLOC_ZEROED (1u << 0) /* filled with zeroes */

/*
 * Maps at least `bytes` bytes, whole pages, readable and writable, and puts the address into *out.
 * The name is kept, not copied. Errors: ERROR_INVALID for 0 bytes, ERROR_NO_MEMORY; nothing is left
 * behind then but perhaps page tables.
 */
must_check int vmalloc(size_t bytes, unsigned flags, const char *name, void **out);

/* Unmaps a region and gives its frames back; a null pointer is ignored, a wrong address a panic. */
void vfree(void *address);

enum vmalloc_place { VMALLOC_INSIDE, VMALLOC_GUARD_BELOW, VMALLOC_GUARD_ABOVE };

struct vmalloc_information {
    uintptr_t address;
    size_t bytes; /* without the guards */
    const char *name;
    enum vmalloc_place place; /* of the address asked for */
};

/* Region number `index`, from 0, in the order of addresses; false behind the last. */
bool vmalloc_read(unsigned index, struct vmalloc_information *information);

/*
 * The region that an address lies in, or whose guard it hits; false if there is none, or if the
 * list is locked just now. Never waits: any context.
 */
bool vmalloc_find(uintptr_t address, struct vmalloc_information *information);
