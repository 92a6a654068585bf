/*
 * VGA text mode, 80 by 25, as the BIOS leaves it: two bytes a cell at 0xb8000 and the cursor of the
 * CRT controller. Only draws; the text itself is a struct screen.
 */
#pragma once

#include "arch/x86_64/screen.h"

/*
 * Maps the text memory and sets the screen up. ERROR_NOT_FOUND if nothing answers there,
 * ERROR_NO_MEMORY. Thread context, once, after paging is up.
 */
must_check int vga_text_init(struct screen *screen);
