/*
 * Regions: parts of an address space that map a part of a memory object with certain rights, or
 * that map nothing and keep others out. For the files of mm/space alone.
 *
 * The tree of regions is guarded by the lock of the address space. Calls that change it are
 * serialised by their caller as well (address_space.h), so only faults run at the same time. The
 * part of a region that a memory object's list of mappings shows changes under the object's lock,
 * too.
 */
#pragma once

#include "mm/space/address_space.h"
#include "mm/space/memory_object.h"
#include "mm/space/space_pager.h"

struct region {
    struct tree_node node; /* by address */
    size_t bytes;
    struct address_space *space;
    struct memory_object *object; /* NULL: maps nothing */
    struct space_pager *pager;    /* a reference: who supplies its pages; NULL: the kernel */
    size_t first_page;            /* of the object */
    struct list_node mapping;     /* in the object's list; under the object's lock */
    uint8_t rights;               /* SPACE_READ ... */
    uint8_t rights_most;          /* what `rights` may become; never changes */
    bool is_stack_guard;
    bool leaving; /* it is being unmapped */
    /*
     * memory_object_clone(): the pass that has taken its right to write, and how far it has come.
     */
    uint32_t clone_pass;
    uintptr_t clone_next;
};

static inline uintptr_t region_end(const struct region *region)
{
    return region->node.key + region->bytes;
}

/* Returns the region that holds an address, or NULL. Context: ATOMIC, lock of the space held. */
struct region *region_find(const struct address_space *space, uintptr_t address);

/*
 * Takes the present leaf entry of one page of an object out of one of the address spaces that map
 * it, and waits for the shootdown. Returns false, with the object's lock held, if there is none;
 * else true, with the lock released. Context: THREAD, the object's lock held.
 */
must_check bool region_page_unmap_one(struct memory_object *object, size_t index);

/*
 * Takes the right to write from a slice of the pages that regions of an object have mapped, in the
 * pass object->clone_pass, and waits for the shootdown. Returns false, with the object's lock held,
 * when all have been done; else true, with the lock released. Context: THREAD, the object's lock
 * held.
 */
must_check bool region_write_protect_some(struct memory_object *object);
