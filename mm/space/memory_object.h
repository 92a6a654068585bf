/*
 * Memory objects: memory that address spaces map. An anonymous object has no frames at first. The
 * first touch of a page gives it a zeroed frame, and from then on all mappings of the page show
 * this frame. A clone shares the frames of its parent. When a page of either is written, the object
 * that is written gets a copy of the page (copy-on-write). A physical object is a range of physical
 * addresses, to which its creator had a right; its frames are never freed here.
 *
 * Handles and the regions that map an object hold references to it. The last release frees the
 * object. Then no CPU has a translation to its frames, because a region gives its reference back
 * only after the shootdown (invariant I6).
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "lib/list.h"
#include "mm/space/page_list.h"

enum memory_object_kind {
    MEMORY_ANONYMOUS,
    MEMORY_PHYSICAL,
};

/* How a physical range is accessed. */
enum memory_caching {
    MEMORY_CACHED,
    MEMORY_UNCACHED,
    MEMORY_COMBINING, /* not cached, but stores may be combined: a framebuffer */
};

struct memory_object {
    enum memory_object_kind kind;
    size_t pages;
    uint32_t references; /* atomic */

    /* MEMORY_PHYSICAL */
    physical_t base;
    uint64_t caching; /* bits for leaf entries */

    struct spinlock lock; /* taken inside the lock of an address space */
    /* Guarded by `lock`. */
    struct page_list list; /* MEMORY_ANONYMOUS */
    struct list mappings;  /* the regions that map it: region.h */
    size_t frames;         /* frames charged to the quota for pages */
    bool cloning;          /* a clone is being made: no page may become writable */
    uint32_t clone_pass;   /* number of clones begun: see struct region */
    struct frame_quota *quota;
};

/*
 * Creates an anonymous object of `bytes` bytes, a multiple of the page size, with one reference.
 * Its frames are charged to `quota`. Context: THREAD. Errors: ERROR_INVALID (0 bytes, or parts of a
 * page), ERROR_RANGE (more than 4 TiB), ERROR_NO_MEMORY.
 */
must_check int memory_object_create(size_t bytes, struct frame_quota *quota,
                                    struct memory_object **out);

/*
 * Creates an object that is the physical range [base, base + bytes), with one reference. The caller
 * has checked the right to it. Context: THREAD. Errors: ERROR_INVALID (0 bytes, or parts of a
 * page), ERROR_RANGE (the CPU has no such addresses, or more than 4 TiB), ERROR_NO_MEMORY.
 */
must_check int memory_object_create_physical(physical_t base, size_t bytes,
                                             enum memory_caching caching,
                                             struct memory_object **out);

/*
 * Creates a copy-on-write clone of an anonymous object, with one reference. The clone has the
 * content that the parent has when the call returns. If another thread writes to the parent during
 * the call, the clone has each single store wholly or not at all, but perhaps only some of several
 * stores. Each page that the clone shares is charged to `quota` at once, so a later copy needs no
 * charge. Works in slices. Context: THREAD. Errors: ERROR_UNSUPPORTED (a physical object),
 * ERROR_BUSY (another clone of it is being made), ERROR_AGAIN (a page of it is being copied: try
 * again after a moment), ERROR_QUOTA, ERROR_NO_MEMORY.
 */
must_check int memory_object_clone(struct memory_object *parent, struct frame_quota *quota,
                                   struct memory_object **out);

/*
 * Gives each page in [offset, offset + bytes), whole pages, a frame now, in slices. So a later
 * touch cannot fail because there is no frame for the page. After an error the pages before the one
 * that failed keep their frames. Context: THREAD. Errors: ERROR_INVALID (parts of a page, or 0
 * bytes), ERROR_RANGE (beyond the object), ERROR_QUOTA, ERROR_NO_MEMORY.
 */
must_check int memory_object_commit(struct memory_object *object, size_t offset, size_t bytes);

/* Takes one more reference. Context: ANY. */
void memory_object_acquire(struct memory_object *object);

/* Gives a reference back. The last one frees the object, in slices. Context: THREAD. */
void memory_object_release(struct memory_object *object);

/*
 * Returns the bytes of the object. Context: ANY.
 */
static always_inline size_t memory_object_bytes(const struct memory_object *object)
{
    return object->pages * PAGE_BYTES;
}
