/* The size of a page, and the type of a physical address. */
#pragma once

#include "lib/compiler.h"

#define PAGE_SHIFT 12
#define PAGE_BYTES 4096UL

typedef uint64_t physical_t; /* 0 is a valid address; each user says if 0 means "none" */
