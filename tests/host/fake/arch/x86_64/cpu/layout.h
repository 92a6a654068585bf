/* Host stand-in: the real layout, but areas that are accessed lie where a process may map them. */
#pragma once

#include_next "arch/x86_64/cpu/layout.h"

#undef STACK_OBJECT_BASE
#define STACK_OBJECT_BASE 0x200000000000UL

#undef PAGE_RECURSIVE_BASE
#define PAGE_RECURSIVE_BASE 0x300000000000UL
