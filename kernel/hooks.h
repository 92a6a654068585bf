/* Wires the hooks by which lower layers call upper ones. kernel/main.c calls both functions once.
 */
#pragma once

#include "mm/stack/stack_mode.h"

/* Wires the hooks that are needed before the kernel has its own page tables. Context: boot. */
void hooks_wire_early(void);

/*
 * Wires all other hooks; those of page faults depend on the mode. Context: boot, after the options
 * are parsed and the descriptor tables are loaded.
 */
void hooks_wire(enum stack_mode mode);
