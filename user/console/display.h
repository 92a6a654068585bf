/*
 * The screen of a console: characters on the memory of the display, which the kernel has handed
 * over. Text changes the cells; they are drawn afterwards, by whoever calls display_draw_some().
 */
#pragma once

#include "lib/framebuffer_info.h"

/*
 * Maps the display's memory, and clears the screen. Errors: those of memory_map() and of
 * pixel_grid_check(), and for VGA text those of ports_create().
 */
must_check int display_open(uint32_t memory, const struct framebuffer_info *info);

/* Writes text into the cells. Returns true if nothing was to be drawn before. */
must_check bool display_write(const char *text, size_t bytes);

/* Has all of the screen drawn again: the display shows something else. */
void display_redraw(void);

/* Draws some cells. Returns true if everything is drawn. */
must_check bool display_draw_some(void);
