/*
 * Regions with a pager: a program supplies their pages. A fault in such a region asks the pager,
 * and the answer says which pages of the region's memory object are entered, with which rights, and
 * whether they are pages of another object. The kernel enters no page that the pager did not give,
 * so the pager may fill it first.
 *
 * What a pager is, only the layer above knows: kernel/task/pager.h.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct memory_object;

/* Pages that one answer may give. */
#define SPACE_PAGER_PAGES_MAX 64

/* The part of a pager that mm knows: the first member of its structure. Regions hold references. */
struct space_pager {
    uint32_t references; /* atomic */
};

/* What a fault asks. Rights are SPACE_READ and others. */
struct space_page_question {
    uintptr_t address; /* that was touched */
    unsigned access;   /* the one right that the access needs */
    uintptr_t start;   /* of the region */
    size_t offset;     /* of the touched page, in the memory object */
    unsigned rights;   /* of the region */
    bool may_be_given; /* the region's creator may write to its memory: other pages may be put in */
    struct memory_object *object; /* of the region; acquired */
};

/*
 * The pages [offset, offset + bytes) of the region's memory object are entered with these rights.
 * With `from`, those of them that the object does not have yet get the content of pages of another
 * object, copy-on-write. The range from from_offset on lies within that object.
 */
struct space_page_answer {
    size_t offset;
    size_t bytes;
    unsigned rights;
    struct memory_object *from; /* acquired; NULL: the object's own pages */
    size_t from_offset;
    const char *reason; /* in words, if the page is refused */
};

/*
 * Hook: asks a pager on behalf of the calling thread. An answer holds whole pages, at most
 * SPACE_PAGER_PAGES_MAX, the touched one among them, and its rights are some of the region's, the
 * needed one among them. Context: THREAD, no lock held; sleeps. Errors: ERROR_KILLED (the thread is
 * to end), and any other: the page is refused, and answer->reason says why.
 */
extern int (*space_pager_ask)(struct space_pager *pager, const struct space_page_question *question,
                              struct space_page_answer *answer);

/* Hook: frees a pager that no region has any more. Context: THREAD. */
extern void (*space_pager_destroy)(struct space_pager *pager);

/* Takes one more reference. Context: ANY. */
void space_pager_acquire(struct space_pager *pager);

/* Gives a reference back; the last one destroys the pager. NULL: nothing. Context: THREAD. */
void space_pager_release(struct space_pager *pager);
