/* Clearing and copying of whole pages by string instructions. */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Fills a page with zeroes. Context: ANY; the page is mapped. */
static always_inline void page_zero(void *page)
{
    void *to = page;
    size_t words = PAGE_BYTES / 8;
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0UL) : "memory");
}

/* Copies a page. The two pages do not overlap. Context: ANY; both pages are mapped. */
static always_inline void page_copy(void *to, const void *from)
{
    size_t words = PAGE_BYTES / 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
}
