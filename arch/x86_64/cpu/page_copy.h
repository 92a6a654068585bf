/* Whole pages at a time, by string instructions. Any context in which both pages are mapped. */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Fills a page with zeroes. */
static always_inline void page_zero(void *page)
{
    void *to = page;
    size_t words = PAGE_BYTES / 8;
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0UL) : "memory");
}

static always_inline void page_copy(void *to, const void *from)
{
    size_t words = PAGE_BYTES / 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
}
