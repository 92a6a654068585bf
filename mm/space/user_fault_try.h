/*
 * One page of an address space on its way into the page tables: the part of a page fault that asks
 * nobody. For the files of mm/space alone.
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
    struct space_pager *pager;            /* acquired: it is to be asked *question */
    struct space_page_question *question; /* of the caller; with given_by NULL */

    /* Between two tries. */
    struct memory_object *copy_object; /* acquired: a page of it is to be copied */
    size_t copy_index;
    bool must_wait; /* nothing can be done but to wait */
};

/*
 * Enters the page, if its region allows the access. A page of a region with a pager is entered only
 * if it is given; else `pager` and `question` are set with ERROR_AGAIN. If the page is no longer
 * the one that was given, nothing is done. Context: THREAD. Errors: ERROR_FAULT, ERROR_NO_MEMORY,
 * ERROR_QUOTA, ERROR_AGAIN (the pager is to be asked; without `pager`: the page is being copied).
 */
must_check int user_fault_try(struct user_fault *fault);

/* Frees frames that the tables did not need in the end. Context: THREAD. */
void user_fault_end(struct user_fault *fault);
