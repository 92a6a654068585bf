/* The console's font, 8 by 16 pixels, drawn for Stalactite (see tools/build/font.txt). */
#pragma once

#include "lib/compiler.h"

#define FONT_COLUMNS 8
#define FONT_ROWS    16
#define FONT_FIRST   ' '
#define FONT_LAST    0x7f /* a box, for what cannot be shown */
#define FONT_GLYPHS  (FONT_LAST - FONT_FIRST + 1)

extern const uint64_t font_glyphs[FONT_GLYPHS][2];

/*
 * Returns one row (0 is the top) of a character: eight pixels, the leftmost in the highest bit.
 * Context: ANY.
 */
static always_inline uint8_t font_row(uint8_t character, unsigned row)
{
    unsigned glyph = character < FONT_FIRST || character > FONT_LAST ? FONT_LAST : character;
    return (uint8_t)(font_glyphs[glyph - FONT_FIRST][row / 8] >> (56 - row % 8 * 8));
}
