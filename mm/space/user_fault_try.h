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
 * Enters the page, if its region allows the access. A page of a region with a pager is entered only
 * if the pager gave it (given_by). If it did not, `pager` and `question` are set, and the result is
 * ERROR_AGAIN. If the page that the pager gave no longer belongs at this address, nothing is done.
 * Context: THREAD. Errors: ERROR_FAULT, ERROR_NO_MEMORY, ERROR_QUOTA, ERROR_AGAIN (with `pager`
 * set: ask the pager; without: another thread is copying the page).
 */
must_check int user_fault_try(struct user_fault *fault);

/* Frees frames that the tables did not need in the end. Context: THREAD. */
void user_fault_end(struct user_fault *fault);
