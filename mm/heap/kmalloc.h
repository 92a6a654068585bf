/*
 * Memory of any size: up to 2048 bytes as objects of a cache (mm/heap/slab.h), above that as blocks
 * of frames of up to 4 MiB. All memory lies in the direct map. It is aligned to 16 bytes, a block
 * of frames to its size.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Sets up the caches.
 * Context: boot, after frame_init().
 */
void kmalloc_init(void);

/*
 * Allocates `bytes` bytes with arbitrary content.
 * Context: IRQ. Errors: ERROR_INVALID for 0 bytes; ERROR_NO_MEMORY, also for more than 4 MiB. *out
 * is then unchanged.
 */
must_check int kmalloc(size_t bytes, void **out);

/*
 * Allocates `bytes` bytes filled with zeroes.
 * Context: IRQ. Errors: ERROR_INVALID for 0 bytes; ERROR_NO_MEMORY, also for more than 4 MiB. *out
 * is then unchanged.
 */
must_check int kzalloc(size_t bytes, void **out);

/*
 * Frees memory from kmalloc() or kzalloc(). Ignores a null pointer, and panics for any other
 * address.
 * Context: IRQ.
 */
void kfree(void *memory);
