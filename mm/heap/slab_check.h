/*
 * Checks of objects in the invariant build: a free object is filled with a pattern, which is
 * checked when it is allocated, and a word behind each object in use is checked when it is freed.
 * Other builds do nothing. For mm/heap/slab.c and the files that size objects to fit a frame.
 * `name` is the name of the object's cache, and `bytes` the size of its objects.
 */
#pragma once

#include <stddef.h>

#include "lib/compiler.h"

#ifdef INVARIANT
#define SLAB_CHECK_BYTES 8 /* behind each object */

/* Fills an object of a new slab with the pattern of free objects. Context: IRQ. */
void slab_check_created(void *object, uint32_t bytes);

/*
 * Panics if an object that is being allocated was written while it was free.
 * Context: IRQ, the cache's lock held.
 */
void slab_check_taken(const char *name, void *object, uint32_t bytes);

/*
 * Panics if an object that is being freed was written beyond its end.
 * Context: IRQ, the cache's lock held.
 */
void slab_check_freed(const char *name, void *object, uint32_t bytes);
#else
#define SLAB_CHECK_BYTES 0

#define slab_check_created(object, bytes)     ((void)0)
#define slab_check_taken(name, object, bytes) ((void)0)
#define slab_check_freed(name, object, bytes) ((void)0)
#endif
