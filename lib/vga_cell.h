/*
 * The VGA's text mode: where its memory and its cursor are, and what it keeps for a cell. Source:
 * the VGA's register descriptions (CRT controller 0x0e, 0x0f).
 */
#pragma once

#include "lib/screen_cell.h"

#define VGA_TEXT_COLUMNS 80
#define VGA_TEXT_ROWS    25
#define VGA_TEXT_MEMORY  0xb8000 /* physical; two bytes a cell */

#define VGA_CRT_INDEX   0x3d4 /* I/O port; the data port follows it */
#define VGA_CRT_DATA    0x3d5
#define VGA_CURSOR_HIGH 0x0e /* registers of the CRT controller */
#define VGA_CURSOR_LOW  0x0f

#define VGA_GLYPH_BOX 0xfe /* a small square in the display's own font */

/*
 * Converts a colour from ANSI's numbers (red 1, blue 4) to the VGA's (red 4, blue 1). Context: ANY.
 */
static inline unsigned vga_colour(unsigned ansi)
{
    return (ansi & 0xa) | (ansi & 1) << 2 | (ansi & 4) >> 2;
}

/* Returns what the text memory has for a cell. Context: ANY. */
static inline uint16_t vga_cell(struct screen_cell cell)
{
    unsigned glyph = cell.character == SCREEN_BOX ? VGA_GLYPH_BOX : cell.character;
    unsigned colour = vga_colour(cell.colour & 0x0f) | vga_colour(cell.colour >> 4) << 4;

    return (uint16_t)(colour << 8 | glyph);
}
