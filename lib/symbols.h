/*
 * Names of the kernel's functions by address, for backtraces. The table lies in .rodata: the first
 * link of the kernel says where the functions are, tools/build/symbols.py turns that into the
 * table, and the second link adds it (make/kernel.mk).
 */
#pragma once

#include "lib/compiler.h"

/*
 * The function that holds `address`, and in *offset (if not null) how far into it the address is;
 * null if the address is in no function of the kernel. A return address belongs to the instruction
 * before it: look up address - 1, or a call at the very end of a function names the next one.
 * Any context, NMI and panic included: reads read-only memory, takes no lock.
 */
const char *symbol_find(uintptr_t address, uintptr_t *offset);

/* The address of the function called `name`; 0 if there is none. Any context. */
uintptr_t symbol_address(const char *name);

/* How many functions the table knows. Any context. */
uint32_t symbol_count(void);
