/*
 * The pages of a memory object, by index: a tree of lists of 1,024 entries, as high as the number
 * of pages requires. A list is made when an entry of it is first needed, and stays until
 * page_list_destroy(). The object's lock guards the entries.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"
#include "mm/space/frame_quota.h"

#define PAGE_LIST_PAGES_MAX (1UL << 30) /* 4 TiB of addresses */

#define PAGE_LIST_INDEX_BITS 10
#define PAGE_LIST_ENTRIES    (1U << PAGE_LIST_INDEX_BITS)

/* Entries that one call of page_list_visit() looks at, at most. */
#define PAGE_LIST_SLICE 64

/*
 * An entry: 0 for a page that was never touched, else the frame's number and these bits.
 */
typedef uint32_t page_entry;
#define PAGE_ENTRY_PRESENT (1U << 31)
#define PAGE_ENTRY_MOVING  (1U << 30) /* a copy is being made: wait and look again */

struct page_list {
    unsigned height; /* 0: one page, whose entry is `root` itself */
    page_entry root; /* names the frame of the highest list, once there is one */
    uint32_t frames; /* frames of lists */
    struct frame_quota *quota;
};

/* Returns the frame that an entry names. Context: ANY. */
static always_inline physical_t page_entry_frame(page_entry entry)
{
    return (physical_t)(entry & ~(PAGE_ENTRY_PRESENT | PAGE_ENTRY_MOVING)) << PAGE_SHIFT;
}

/* Returns the entry that names a frame. Context: ANY. */
static always_inline page_entry page_entry_of(physical_t frame)
{
    return (page_entry)(frame >> PAGE_SHIFT) | PAGE_ENTRY_PRESENT;
}

/* Prepares the list of `pages` pages, 1 to PAGE_LIST_PAGES_MAX. Context: ANY. */
void page_list_init(struct page_list *list, size_t pages, struct frame_quota *quota);

/* Returns the list that an entry above the pages names. Context: ANY. */
static always_inline page_entry *page_list_below(page_entry entry)
{
    return physical_to_virtual(page_entry_frame(entry));
}

/* Returns the entry of a page; NULL if it was never needed. Context: ANY, lock held. */
static always_inline page_entry *page_list_find(struct page_list *list, size_t index)
{
    page_entry *entry = &list->root;
    for (unsigned shift = list->height * PAGE_LIST_INDEX_BITS; shift != 0;) {
        if (unlikely(*entry == 0)) {
            return NULL;
        }
        shift -= PAGE_LIST_INDEX_BITS;
        entry = &page_list_below(*entry)[(index >> shift) % PAGE_LIST_ENTRIES];
    }
    return entry;
}

/*
 * Stores the address of the entry of a page, and makes the lists that lead to it. Context: ATOMIC,
 * lock held. Errors: ERROR_NO_MEMORY, ERROR_QUOTA.
 */
must_check int page_list_entry(struct page_list *list, size_t index, page_entry **entry);

/*
 * Calls visit for each page from index *index on that has an entry, in one slice, and moves *index
 * behind the slice. Returns true if a part up to `end` is left. Context: that of visit.
 */
must_check bool page_list_visit(struct page_list *list, size_t *index, size_t end,
                                void (*visit)(size_t index, page_entry *entry, void *context),
                                void *context);

/* Frees all lists. Nobody may use them any more. Context: THREAD. */
void page_list_destroy(struct page_list *list);
