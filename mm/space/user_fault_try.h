/*
 * Entering one page into the page tables of an address space: the part of a page fault that does
 * not wait for a pager. For the files of mm/space alone.
 */
#pragma once

#include "mm/space/region.h"

struct user_fault {
    struct address_space *space;
    uintptr_t address, page;
    uint32_t error_code;
    /* A page that a pager gave: by whom, its number in the object, and the rights. */
    const struct space_pager *given_by; /* NULL: it is not given, but touched */
    size_t given_page;
    unsigned given_rights;

    struct user_table_supply supply; /* frames for page tables, to be freed at the end */
    const char *reason;              /* why it failed, in words; NULL: the error says it */

    /* With ERROR_AGAIN, if the region has a pager: */
    struct space_pager *pager;            /* the pager to ask *question, acquired */
    struct space_page_question *question; /* memory of the caller; used if given_by is NULL */

    /* What a try leaves for the next one: */
    struct memory_object *copy_object; /* acquired: page `copy_index` of it must be copied first */
    size_t copy_index;
    bool must_wait; /* another thread copies the page or clones the object: only waiting helps */
};

/*
 * Prepares a fault at an address by an access that `error_code` describes, or for a page that is
 * given: then the caller sets given_... . The caller has set up the supply. Writes only what a try
 * reads, because each fault pays for it. Context: ANY.
 */
static inline_if_optimized void user_fault_begin(struct user_fault *fault,
                                                 struct address_space *space, uintptr_t address,
                                                 uint32_t error_code)
{
    fault->space = space;
    fault->address = address;
    fault->page = align_down(address, PAGE_BYTES);
    fault->error_code = error_code;
    fault->given_by = NULL;
    fault->pager = NULL;
    fault->copy_object = NULL;
    fault->must_wait = false;
}

/*
 * Enters the page, if its region allows the access. A page of a region with a pager is entered only
 * if the pager gave it (given_by). If it did not, `pager` and `question` are set, and the result is
 * ERROR_AGAIN. If the page that the pager gave no longer belongs at this address, nothing is done.
 * Context: THREAD. Errors: ERROR_FAULT, ERROR_NO_MEMORY, ERROR_QUOTA, ERROR_AGAIN (with `pager`
 * set: ask the pager; without: another thread is copying the page).
 */
must_check int user_fault_try(struct user_fault *fault);

/*
 * user_fault_try() with the space's lock held, and the region that was found; NULL: none. Releases
 * the lock. Context: ATOMIC, else as there.
 */
must_check int user_fault_try_region(struct user_fault *fault, struct region *region);

/* The rest of user_fault_try() after a first try that ended with this error. Context: as there. */
must_check int user_fault_try_further(struct user_fault *fault, int error);

/*
 * The rest of address_space_fault() where the page could not be entered at once. The fault is
 * prepared; `region` is the one that was found, or NULL; supply.wanted is not 0 if nothing but
 * tables is missing. The space's lock is held, and released. Context: ATOMIC, else as there.
 */
must_check int user_fault_resolve(struct user_fault *fault, struct region *region,
                                  const char **reason);

/* Frees frames that the tables did not need in the end. Context: THREAD. */
static inline_if_optimized void user_fault_end(struct user_fault *fault)
{
    while (unlikely(fault->supply.count > 0)) {
        frame_quota_free(fault->space->quota, FRAME_OWNER_USER_TABLE,
                         fault->supply.frames[--fault->supply.count]);
    }
}
