/*
 * What the invariant build does to objects: free ones are filled with a pattern that is checked
 * when they are handed out, and a word behind each object in use is checked when it comes back.
 * Nothing in the other builds. For mm/heap/slab.c alone; called with the cache's lock held.
 */
#pragma once

#include "mm/heap/slab.h"

#ifdef INVARIANT
#define SLAB_CHECK_BYTES 8 /* behind each object */

void slab_check_created(const struct slab_cache *cache, void *object);
void slab_check_taken(const struct slab_cache *cache, void *object);
void slab_check_freed(const struct slab_cache *cache, void *object);
#else
#define SLAB_CHECK_BYTES 0

static always_inline void slab_check_created(const struct slab_cache *cache maybe_unused,
                                             void *object maybe_unused)
{
}
static always_inline void slab_check_taken(const struct slab_cache *cache maybe_unused,
                                           void *object maybe_unused)
{
}
static always_inline void slab_check_freed(const struct slab_cache *cache maybe_unused,
                                           void *object maybe_unused)
{
}
#endif
