/* What the chosen way to fill stacks changes in the kernel's text. */
#pragma once

#include "mm/stack/stack_mode.h"

/*
 * Puts the instructions of this mode where it needs them. On CPU 0, before the tables are loaded
 * that make the text read-only.
 */
void stack_mode_patch(enum stack_mode mode);

/* Does every text site hold what this mode wants there? Any context. */
bool stack_mode_is_patched(enum stack_mode mode);
