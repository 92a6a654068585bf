/*
 * VGA text mode, 80 by 25, as the BIOS leaves it: two bytes a cell at 0xb8000 and the cursor of the
 * CRT controller. The driver only draws cells; the console holds the text.
 */
#pragma once

#include "lib/screen_cell.h"

#define VGA_TEXT_COLUMNS 80
#define VGA_TEXT_ROWS    25

/*
 * Maps the text memory and makes the cursor visible. Context: THREAD or boot, once, after paging is
 * up. Errors: ERROR_NOT_FOUND if no text memory answers, ERROR_NO_MEMORY.
 */
must_check int vga_text_init(void);

/*
 * Draws one cell at a column and a row below VGA_TEXT_COLUMNS and VGA_TEXT_ROWS, and moves the
 * cursor there if `cursor` is set. After vga_text_init(). Context: ANY; the caller serialises.
 */
void vga_text_draw(unsigned column, unsigned row, struct screen_cell cell, bool cursor);
