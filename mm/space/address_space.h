/*
 * Address spaces: the lower half that the threads of a task see, made of regions that map memory
 * objects. Mapping fills nothing. The first touch of a page faults, and the fault enters it.
 *
 * No page is writable and executable: such rights are refused, and a change from one to the other
 * takes the first right away everywhere before it gives the second. An unmapping, and a change that
 * takes a right away, returns after the shootdown, so no CPU acts by the old right from then on.
 *
 * address_space_place(), _map(), _map_stack(), _unmap(), _protect() and _destroy() of one space are
 * serialised by their caller, by a mutex for instance. Faults may come at any time.
 */
#pragma once

#include "arch/x86_64/paging/user_tables.h"
#include "lib/tree.h"
#include "mm/space/frame_quota.h"

struct memory_object;
struct space_pager;

/* Rights of a region. The CPU cannot keep what is writable or executable from being read. */
#define SPACE_READ    1U
#define SPACE_WRITE   2U
#define SPACE_EXECUTE 4U

/* Regions of one address space, at most. */
#define SPACE_REGIONS_MAX 65536

/* Addresses below a stack that map nothing, so that an overflow is found. */
#define SPACE_STACK_GUARD_BYTES 0x10000UL

/* Where addresses are chosen: above programs, below their first stacks. */
#define SPACE_ANYWHERE     0x0000400000000000UL
#define SPACE_ANYWHERE_END 0x0000700000000000UL

#define SPACE_RIGHTS_ALL (SPACE_READ | SPACE_WRITE | SPACE_EXECUTE)

struct address_space {
    struct user_tables tables;
    struct frame_quota *quota; /* page tables are charged to it */
    struct spinlock lock; /* guards all regions, `touched` and `region_count`; before other locks */
    struct tree regions;
    struct region *touched; /* the region that the last fault found; NULL: none */
    uint32_t region_count;
    uint32_t pins;        /* shootdowns under way in this space on behalf of objects; atomic */
    uintptr_t place_next; /* where the next search for free addresses begins; callers serialise */
};

/* What address_space_place() maps, and where. */
struct space_mapping {
    bool anywhere;     /* `address` is chosen, between SPACE_ANYWHERE and SPACE_ANYWHERE_END */
    uintptr_t address; /* of the first byte; of a stack: above the guard */
    size_t bytes;
    unsigned rights;              /* SPACE_READ and others; 0: no access */
    unsigned rights_most;         /* rights that address_space_protect() may give it later */
    bool is_stack;                /* a guard of SPACE_STACK_GUARD_BYTES lies below it */
    struct memory_object *object; /* acquired by the region */
    size_t offset;                /* in the object */
    struct space_pager *pager;    /* acquired by the region; NULL: the kernel fills its pages */
};

/*
 * Makes an empty address space. Page tables are charged to `quota`, which is acquired. Context:
 * THREAD. Errors: ERROR_NO_MEMORY, ERROR_QUOTA.
 */
must_check int address_space_init(struct address_space *space, struct frame_quota *quota);

/*
 * Unmaps everything and frees the page tables, in slices. Before that, each CPU that still has the
 * root loaded loads the kernel's root. From the call on, no thread may run in user mode or in a
 * user copy with this space. Context: THREAD.
 */
void address_space_destroy(struct address_space *space);

/*
 * Maps a part of an object, and stores the address of its first byte in *address. A fault in the
 * guard of a stack is reported as an overflow of that stack. Context: THREAD. Errors: those of
 * address_space_map(), and ERROR_RANGE if no free addresses are left to choose; nothing is mapped
 * then.
 */
must_check int address_space_place(struct address_space *space, const struct space_mapping *mapping,
                                   uintptr_t *address);

/*
 * Maps `bytes` bytes of an object from `offset` on at `address`, with these rights (SPACE_READ and
 * others). With rights 0 the addresses are only kept from other use, and `object` may be NULL.
 * address_space_protect() may give the mapping any rights later. The region takes a reference of
 * the object. Context: THREAD. Errors: ERROR_INVALID (not whole pages, 0 bytes, or rights that are
 * unknown, or writable and executable, or without READ), ERROR_RANGE (not wholly between USER_BASE
 * and USER_END, or beyond the object's end), ERROR_EXISTS (something is mapped there), ERROR_QUOTA
 * (too many regions), ERROR_NO_MEMORY.
 */
must_check int address_space_map(struct address_space *space, uintptr_t address, size_t bytes,
                                 unsigned rights, struct memory_object *object, size_t offset);

/*
 * Maps a stack at [address, address + bytes), readable and writable, with its guard below.
 * Context: THREAD. Errors: those of address_space_map(); nothing is mapped then.
 */
must_check int address_space_map_stack(struct address_space *space, uintptr_t address, size_t bytes,
                                       struct memory_object *object, size_t offset);

/*
 * Unmaps what is mapped in [address, address + bytes), in slices, and waits for the shootdown.
 * Regions that are partly inside are cut. Context: THREAD. Errors: ERROR_INVALID (not whole pages),
 * ERROR_RANGE (not user addresses), ERROR_NOT_FOUND (nothing is mapped there), ERROR_NO_MEMORY and
 * ERROR_QUOTA (a region cannot be cut; nothing is unmapped then).
 */
must_check int address_space_unmap(struct address_space *space, uintptr_t address, size_t bytes);

/*
 * Gives the pages in [address, address + bytes) other rights, in slices, and waits for the
 * shootdown if a right is taken away. Context: THREAD. Errors: ERROR_INVALID (not whole pages, or
 * wrong rights), ERROR_RANGE (not user addresses), ERROR_NOT_FOUND (not all of it is mapped),
 * ERROR_NO_RIGHT (a region may never have these rights), ERROR_NO_MEMORY and ERROR_QUOTA (a region
 * cannot be cut). After an error no right is changed.
 */
must_check int address_space_protect(struct address_space *space, uintptr_t address, size_t bytes,
                                     unsigned rights);

/*
 * Resolves a page fault at `address`: enters the page if the region allows the access that
 * `error_code` (PAGE_FAULT_... of trap_frame.h) describes. On OK the instruction is tried again. On
 * an error *reason says in words why it could not be resolved. It may ask a pager, and wait for it
 * (space_pager.h). Context: THREAD. Errors: ERROR_FAULT (the access is not allowed),
 * ERROR_NO_MEMORY, ERROR_QUOTA, ERROR_AGAIN (another thread is copying that page or cloning its
 * object: wait a moment and try the instruction again), those of space_pager_ask().
 */
must_check int address_space_fault(struct address_space *space, uintptr_t address,
                                   uint32_t error_code, const char **reason);

/* The mapping at an address. */
struct address_space_place {
    uintptr_t start;
    size_t bytes;
    unsigned rights;
    bool is_stack_guard;
};

/* Stores the region that holds an address. Returns false if there is none. Context: THREAD. */
must_check bool address_space_find(struct address_space *space, uintptr_t address,
                                   struct address_space_place *place);
