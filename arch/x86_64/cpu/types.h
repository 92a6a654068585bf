/* The machine's basic quantities. */
#pragma once

#include "lib/compiler.h"

#define PAGE_SHIFT 12
#define PAGE_BYTES 4096UL

typedef uint64_t physical_t; /* a physical address; 0 is a valid one and never means "none" */
