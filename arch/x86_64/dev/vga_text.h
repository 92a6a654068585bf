/*
 * Driver of the VGA text mode of 80 columns and 25 rows that the BIOS sets: two bytes for each cell
 * at 0xb8000, and the cursor of the CRT controller. The driver only draws cells; the console holds
 * the text.
 */
#pragma once

#include "lib/vga_cell.h"

/*
 * Maps the text memory, checks that it keeps what is written, and makes the cursor visible.
 * Context: THREAD or boot, once, after mmio_map() works. Errors: ERROR_NOT_FOUND (there is no text
 * memory), ERROR_NO_MEMORY (it cannot be mapped).
 */
must_check int vga_text_init(void);

/*
 * Draws one cell, and moves the cursor to it if `cursor` is set. `column` is less than
 * VGA_TEXT_COLUMNS and `row` less than VGA_TEXT_ROWS. Context: ANY, after vga_text_init(); the
 * caller serialises calls.
 */
void vga_text_draw(unsigned column, unsigned row, struct screen_cell cell, bool cursor);
