/*
 * Driver of a linear framebuffer of direct colour, such as UEFI firmware sets up. It draws
 * characters of the kernel's own font; a struct screen holds the text.
 */
#pragma once

#include "lib/framebuffer_info.h"
#include "lib/screen.h"

/*
 * Maps the framebuffer that *info describes, clears it, and initialises *screen to draw on it. On
 * large displays the characters are enlarged by a whole factor. Context: boot, once, after the page
 * tables are built. Errors: ERROR_UNSUPPORTED (a kind, depth or shape of display on which this
 * driver cannot draw), ERROR_INVALID (the description contradicts itself), ERROR_NO_MEMORY.
 */
must_check int framebuffer_init(struct screen *screen, const struct framebuffer_info *info);
