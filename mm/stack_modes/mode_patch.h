/* Patches the kernel's text for the stack mode chosen at boot. */
#pragma once

#include "mm/stack/stack_mode.h"

/*
 * Writes the instructions that the mode needs to the patch sites.
 * Context: boot, before the page tables that make the text read-only are loaded.
 */
void stack_mode_patch(enum stack_mode mode);

/*
 * Returns whether every patch site holds the instructions that the mode needs there.
 * Context: ANY.
 */
bool stack_mode_is_patched(enum stack_mode mode);
