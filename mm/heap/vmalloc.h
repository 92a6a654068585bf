/*
 * Kernel regions: memory that is contiguous in virtual addresses only, with an unmapped guard page
 * on either side. They lie in the lower half of the area at VMALLOC_BASE
 * (arch/x86_64/cpu/layout.h); device mappings have the upper half. They serve allocations that are
 * larger than a block of frames, or for which an overrun must fault.
 *
 * Freeing a region waits until every CPU has forgotten its translations, before its frames or its
 * addresses are used again (invariant I6). The list of regions has a lock, taken with interrupts
 * off.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

#define VMALLOC_ZEROED (1u << 0) /* fill the memory with zeroes */

/*
 * Maps `bytes` bytes, rounded up to whole pages, readable and writable, and writes the address to
 * *out. `flags` is 0 or VMALLOC_ZEROED. The name is kept, not copied.
 * Context: THREAD. Errors: ERROR_INVALID for 0 bytes; ERROR_NO_MEMORY. Page tables made before an
 * error are kept.
 */
must_check int vmalloc(size_t bytes, unsigned flags, const char *name, void **out);

/*
 * Unmaps a region, waits for the shootdown and frees its frames. Ignores a null pointer, and panics
 * for an address at which no region begins.
 * Context: THREAD.
 */
void vfree(void *address);

enum vmalloc_place { VMALLOC_INSIDE, VMALLOC_GUARD_BELOW, VMALLOC_GUARD_ABOVE };

struct vmalloc_information {
    uintptr_t address;
    size_t bytes; /* without guards */
    const char *name;
    enum vmalloc_place place; /* set by vmalloc_find(): where the address lies */
};

/*
 * Reads the region number `index`, counted from 0 in the order of addresses. Returns false if there
 * is none.
 * Context: IRQ.
 */
bool vmalloc_read(unsigned index, struct vmalloc_information *information);

/*
 * Reads the region that contains an address, in the region itself or in one of its guards. Returns
 * false if there is none, or if the list is locked.
 * Context: ANY, an NMI included: it only tries the lock.
 */
bool vmalloc_find(uintptr_t address, struct vmalloc_information *information);
