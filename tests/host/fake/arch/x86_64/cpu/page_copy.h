/* Host stand-in for operations on whole pages. */
#pragma once

#include "arch/x86_64/cpu/types.h"

static inline void page_zero(void *page)
{
    __builtin_memset(page, 0, PAGE_BYTES);
}

static inline void page_copy(void *to, const void *from)
{
    __builtin_memcpy(to, from, PAGE_BYTES);
}
