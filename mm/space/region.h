/*
 * Regions: parts of an address space that map a part of a memory object with certain rights, or
 * that map nothing and only keep their addresses from other use. For the files of mm/space alone.
 *
 * The lock of the address space guards its tree of regions. Calls that change the tree are also
 * serialised by their caller (address_space.h), so only faults run at the same time. The memory
 * object finds its regions by its list of mappings. So the addresses, the first page and the
 * membership in that list change only with the object's lock held as well.
 */
#pragma once

#include "arch/x86_64/cpu/panic.h"
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
    /* For region_write_protect_some(), under the object's lock: */
    uint32_t clone_pass;  /* the last pass that has write-protected the whole region */
    uintptr_t clone_next; /* how far the pass under way has come; 0: not begun */
};

/* Returns the address behind the region. Context: ATOMIC, lock of the space or object held. */
static inline uintptr_t region_end(const struct region *region)
{
    return region->node.key + region->bytes;
}

/*
 * Allocates a region of a space, or frees one. Its memory is charged to the space's quota. Context:
 * THREAD. Errors: ERROR_QUOTA, ERROR_NO_MEMORY.
 */
must_check int region_allocate(struct address_space *space, struct region **out);
void region_dispose(struct address_space *space, struct region *region);

/* Returns the region that holds an address, or NULL. Context: ATOMIC, lock of the space held. */
struct region *region_find(const struct address_space *space, uintptr_t address);

/*
 * Does what region_find() does, for a fault: looks first at the region of the last fault, because
 * most faults follow another one in the same region. Context: ATOMIC, lock of the space held.
 */
static inline_if_optimized struct region *region_find_touched(struct address_space *space,
                                                              uintptr_t address)
{
    struct region *region = space->touched;
    if (unlikely(region == NULL || address - region->node.key >= region->bytes)) {
        region = space->touched = region_find(space, address);
    }
    invariant(region == region_find(space, address));
    return region;
}

/*
 * Finds an address space in which the leaf entry of a page of an object has one of these bits,
 * clears them there, and waits for the shootdown. With PAGE_PRESENT the page is unmapped. Returns
 * true, with the object's lock released. If no entry has such a bit, returns false, with the lock
 * still held. Context: THREAD, the object's lock held.
 */
must_check bool region_page_reduce_one(struct memory_object *object, size_t index, uint64_t bits);

/*
 * Write-protects one slice of the pages of an object that are mapped, and waits for the shootdown.
 * The slices of one pass, object->clone_pass, go through all regions of the object. Returns true,
 * with the object's lock released. If the pass is complete, returns false, with the lock still
 * held. Context: THREAD, the object's lock held.
 */
must_check bool region_write_protect_some(struct memory_object *object);
