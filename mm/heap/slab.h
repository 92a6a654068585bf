/*
 * Objects of one size each: a cache cuts blocks of frames ("slabs") into objects.
 *
 * A slab begins with its header: which cache it is of and one bit for every free object, so that
 * free objects themselves are never touched and a double free is seen at once, in every build. A
 * slab with nothing in it goes back to the frames, except one that each cache keeps.
 *
 * Every function may be called with interrupts on or off, on any stack but those of NMI, #MC and
 * #DF; none sleeps. Each cache has one lock, taken with interrupts off; frames are allocated with
 * no lock held. Objects come with arbitrary content. In the invariant build free objects hold a
 * pattern, checked when they are handed out, and a word behind each object is checked when it
 * comes back.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "lib/list.h"

#define SLAB_ORDER_MAX    3    /* a slab is at most 8 frames */
#define SLAB_OBJECT_MAX   256  /* objects in one slab */
#define SLAB_OBJECT_BYTES 8192 /* the largest object */

/* What a slab of one frame has room for, behind its header: objects at multiples of 8. */
#define SLAB_HEADER_BYTES 64
#define SLAB_ROOM_BYTES   (4096 - SLAB_HEADER_BYTES)

struct slab_cache {
    /* Fixed by slab_cache_init(). */
    const char *name;
    uint32_t object_bytes; /* as asked for */
    uint32_t stride;       /* from one object to the next */
    uint32_t first;        /* from the start of the slab to its first object */
    uint32_t capacity;     /* objects in a slab */
    uint32_t reciprocal;   /* of the stride, times 2^32, rounded up: to divide by multiplying */
    uint32_t order;        /* of the slab's block of frames */
    /* Under `lock`. */
    struct spinlock lock;
    struct list partial; /* slabs with a free object */
    uint32_t slabs;
    uint32_t empty; /* slabs with nothing in use, the last in the list; rarely more than 1 */
    uint32_t in_use;
    uint32_t in_use_most;
    /* Under the lock of the list of all caches. */
    struct list_node node;
};

/*
 * Makes a cache of objects of 1 to SLAB_OBJECT_BYTES bytes at multiples of `alignment_bytes`, a
 * power of two up to a page (0: 8). The name is kept, not copied. Arguments out of range are a bug,
 * and a panic. Takes no memory yet.
 */
void slab_cache_init(struct slab_cache *cache, const char *name, size_t object_bytes,
                     size_t alignment_bytes);

/* Gives all memory back and forgets the cache; objects still in use are a panic. */
void slab_cache_destroy(struct slab_cache *cache);

/* One object. Errors: ERROR_NO_MEMORY; *out is then unchanged. */
must_check int slab_allocate(struct slab_cache *cache, void **out);

/*
 * Makes a slab of the cache of this frame, of FRAME_OWNER_SLAB already: for who must have an object
 * while no frame is free. False, and nothing done, if the cache has slabs of more than one frame.
 */
must_check bool slab_feed(struct slab_cache *cache, physical_t frame);

/* Gives an object back to the cache it came from. */
void slab_free(struct slab_cache *cache, void *object);

/* Gives the empty slabs of all caches back: when memory is short, and before counting frames. */
void slab_reap(void);

/* Objects in use in all caches: for the search for leaks. */
size_t slab_objects_in_use(void);

struct slab_statistics {
    const char *name;
    uint32_t object_bytes;
    uint32_t in_use;
    uint32_t in_use_most;
    uint32_t capacity; /* objects for which there is room in the slabs there are */
    uint32_t frames;
};

/* The figures of cache number `index`, from 0; false behind the last. */
bool slab_statistics_read(unsigned index, struct slab_statistics *statistics);

/* The cache that an object of any cache came from, or a null pointer for another address. */
struct slab_cache *slab_cache_of(const void *object);
