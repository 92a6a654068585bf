/*
 * Memory of any size: up to 2048 bytes from caches of objects (mm/heap/slab.h), above that in
 * blocks of frames, to 4 MiB. Contexts as there: anywhere but NMI, #MC and #DF; never sleeps. All
 * memory lies in the direct map and is aligned to 16 bytes, whole blocks to their size.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Makes the caches. Once, after frame_init(). */
void kmalloc_init(void);

/*
 * Allocates `bytes` bytes with arbitrary content, or zeroed. Errors: ERROR_NO_MEMORY (also for more
 * than 4 MiB), ERROR_INVALID for 0 bytes; *out is then unchanged.
 */
must_check int kmalloc(size_t bytes, void **out);
must_check int kzalloc(size_t bytes, void **out);

/* Gives back what either of them returned; a null pointer is ignored, any other address a panic. */
void kfree(void *memory);
