/*
 * The kernel's mappings as a list of ranges: neighbours with the same rights and page size are one.
 * The kernel's own tables are read, even if this CPU has those of a program loaded. No lock is
 * needed, because the kernel's tables are never freed, as those of programs are. A mapping that
 * changes meanwhile is shown as it was or as it is.
 */
#pragma once

#include "arch/x86_64/paging/paging.h"

struct page_range {
    uintptr_t start;
    uint64_t bytes;
    uint64_t flags; /* PAGE_WRITABLE, PAGE_USER, PAGE_NO_EXECUTE, PAGE_GLOBAL, PAGE_UNCACHED */
    size_t page_bytes;
    physical_t physical;    /* of the first page */
    bool physical_in_order; /* the frames follow each other as the pages do */
};

/*
 * Calls `show` for every range from `first` to the end of the address space, until it returns
 * false. Pages of the stack object and of the recursive mapping are left out. Context: THREAD.
 */
void page_table_dump(uintptr_t first, bool (*show)(void *context, const struct page_range *range),
                     void *context);

/* Writes "rwx" and a letter for each other flag to `text`, and returns it. Context: ANY. */
char *page_rights_format(char text[16], uint64_t flags);
