/*
 * Names of the kernel's functions by address, for backtraces. The table lies in .rodata. The kernel
 * is linked twice: the first link says where the functions are, tools/build/symbols.py makes the
 * table of that, and the second link adds the table (make/kernel.mk).
 */
#pragma once

#include "lib/compiler.h"

/*
 * Returns the name of the function that holds `address`, and stores the distance from its beginning
 * in *offset (if not NULL). Returns NULL if no function of the kernel holds it. A return address
 * belongs to the instruction before it, so the caller looks up address - 1: a call may be the last
 * instruction of its function. Context: ANY.
 */
const char *symbol_find(uintptr_t address, uintptr_t *offset);

/* Returns the address of the function called `name`, or 0. Context: ANY. */
uintptr_t symbol_address(const char *name);

/* Returns the number of functions in the table. Context: ANY. */
uint32_t symbol_count(void);
