/*
 * Caches of objects of one size (after Bonwick, 1994). A cache cuts blocks of frames, called slabs,
 * into objects.
 *
 * A slab begins with a header, which names the cache and has one bit for each object: set while the
 * object is free. So free objects are never touched, and every build finds a double free at once.
 * If several slabs of a cache become empty, the cache keeps one and frees the others.
 *
 * No function sleeps. Each cache has a lock, which is taken with interrupts off. Frames are
 * allocated with no lock held. The content of a new object is arbitrary. In the invariant build
 * free objects hold a pattern, which is checked when they are allocated, and a word behind each
 * object is checked when the object is freed.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "lib/list.h"

#define SLAB_ORDER_MAX    3    /* a slab is at most 8 frames */
#define SLAB_OBJECT_MAX   256  /* objects in one slab */
#define SLAB_OBJECT_BYTES 8192 /* the largest object */

/* Bytes for objects in a slab of one frame, behind the header, if objects lie at multiples of 8. */
#define SLAB_HEADER_BYTES 64
#define SLAB_ROOM_BYTES   (4096 - SLAB_HEADER_BYTES)

struct slab_cache {
    /* Fixed by slab_cache_init(). */
    const char *name;
    uint32_t object_bytes; /* as requested */
    uint32_t stride;       /* bytes from one object to the next */
    uint32_t first;        /* bytes from the start of the slab to its first object */
    uint32_t capacity;     /* objects in a slab */
    uint32_t reciprocal;   /* 2^32 / stride, rounded up: a product replaces a division */
    uint32_t order;        /* a slab is a block of 2^order frames */
    /* Guarded by `lock`. */
    struct spinlock lock;
    struct list partial; /* slabs with a free object; those without an object in use come last */
    uint32_t slabs;
    uint32_t empty; /* slabs without an object in use; rarely more than 1 */
    uint32_t in_use;
    uint32_t in_use_most;
    /* Guarded by the lock of the list of all caches. */
    struct list_node node;
};

/*
 * Sets up a cache of objects of 1 to SLAB_OBJECT_BYTES bytes, aligned to `alignment_bytes`, a power
 * of two up to a page (0: 8). Allocates no memory. The name is kept, not copied. Panics if an
 * argument is out of range.
 * Context: IRQ.
 */
void slab_cache_init(struct slab_cache *cache, const char *name, size_t object_bytes,
                     size_t alignment_bytes);

/*
 * Frees the cache's memory and removes it from the list of caches. Panics if objects are in use.
 * Context: IRQ.
 */
void slab_cache_destroy(struct slab_cache *cache);

/*
 * Allocates one object with arbitrary content.
 * Context: IRQ. Errors: ERROR_NO_MEMORY; *out is then unchanged.
 */
must_check int slab_allocate(struct slab_cache *cache, void **out);

/*
 * Makes a frame, whose owner is FRAME_OWNER_SLAB, a slab of the cache. For a caller that needs an
 * object while no frame is free. Does nothing and returns false if the slabs of this cache have
 * more than one frame.
 * Context: IRQ.
 */
must_check bool slab_add_frame(struct slab_cache *cache, physical_t frame);

/*
 * Frees an object to the cache that it came from. Panics if it did not come from there, or is free.
 * Context: IRQ.
 */
void slab_free(struct slab_cache *cache, void *object);

/*
 * Frees the empty slabs of all caches: when memory is short, and before frames are counted.
 * Context: IRQ.
 */
void slab_reap(void);

/*
 * Returns the number of objects in use in all caches, for the leak check.
 * Context: IRQ.
 */
size_t slab_objects_in_use(void);

struct slab_statistics {
    const char *name;
    uint32_t object_bytes;
    uint32_t in_use;
    uint32_t in_use_most;
    uint32_t capacity; /* objects that the present slabs have room for */
    uint32_t frames;
};

/*
 * Reads the figures of the cache number `index`, counted from 0. Returns false if there is none.
 * Context: IRQ.
 */
bool slab_statistics_read(unsigned index, struct slab_statistics *statistics);

/*
 * Returns the cache that an object came from, or NULL if the address is not an object.
 * Context: ANY.
 */
struct slab_cache *slab_cache_of(const void *object);
