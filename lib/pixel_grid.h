/*
 * A grid of character cells on a linear framebuffer of direct colour. It draws the characters of
 * lib/font.h; a struct screen holds the text. On large displays the characters are enlarged by a
 * whole factor, and the grid is centred.
 */
#pragma once

#include "lib/framebuffer_info.h"
#include "lib/screen_cell.h"

struct pixel_grid {
    unsigned columns, rows;
    uint8_t *first; /* the pixel in the upper left corner of the grid */
    uint32_t pitch_bytes;
    uint32_t pixel_bytes;
    uint32_t scale;       /* display pixels for each pixel of the font, in both directions */
    uint32_t colours[16]; /* pixel values, by enum screen_colour */
};

/*
 * Looks whether a grid can be drawn on a display. Context: ANY. Errors: ERROR_UNSUPPORTED (a kind,
 * depth or shape of display on which it cannot), ERROR_INVALID (the description contradicts
 * itself).
 */
must_check int pixel_grid_check(const struct framebuffer_info *info);

/*
 * Sets the grid up on a display that pixel_grid_check() accepts, and clears the display. `memory`
 * is where pitch_bytes * height bytes of it are mapped to. Context: ANY.
 */
void pixel_grid_init(struct pixel_grid *grid, const struct framebuffer_info *info, void *memory);

/*
 * Draws one cell within the grid; `cursor` says whether the cursor is on it. Context: ANY; the
 * caller serialises calls.
 */
void pixel_grid_draw(const struct pixel_grid *grid, unsigned column, unsigned row,
                     struct screen_cell cell, bool cursor);
