/*
 * Draws characters of the kernel's own font into a linear framebuffer of direct colour, as UEFI
 * firmware sets one up. The text itself is in a struct screen.
 */
#pragma once

#include "boot/framebuffer_info.h"
#include "kernel/console/screen.h"

/*
 * Maps the framebuffer and sets the screen up. On large displays the letters are enlarged. Context:
 * boot, after the page tables are built. Errors: ERROR_UNSUPPORTED for a kind or depth that cannot
 * be drawn on, ERROR_INVALID if the description contradicts itself, ERROR_NO_MEMORY.
 */
must_check int framebuffer_init(struct screen *screen, const struct framebuffer_info *info);
