/*
 * A linear framebuffer of direct colour, as UEFI firmware leaves it, drawn with the kernel's own
 * font. Only draws; the text itself is a struct screen.
 */
#pragma once

#include "boot/framebuffer_info.h"
#include "kernel/console/screen.h"

/*
 * Maps the framebuffer and sets the screen up. Large displays get enlarged letters.
 * ERROR_UNSUPPORTED for a kind or a depth that cannot be drawn on, ERROR_INVALID if the description
 * contradicts itself, ERROR_NO_MEMORY. Thread context, once, after paging is up.
 */
must_check int framebuffer_init(struct screen *screen, const struct framebuffer_info *info);
