/*
 * One character cell of a text screen, and its colours: plain data that the screen drivers and the
 * console share.
 */
#pragma once

#include "lib/compiler.h"

/* The one character beyond ASCII: stands for anything that cannot be shown. */
#define SCREEN_BOX 0x7f

/* The colours of a cell: foreground in the low half, background in the high half; ANSI order. */
enum screen_colour {
    SCREEN_BLACK,
    SCREEN_RED,
    SCREEN_GREEN,
    SCREEN_YELLOW,
    SCREEN_BLUE,
    SCREEN_MAGENTA,
    SCREEN_CYAN,
    SCREEN_WHITE,
    SCREEN_BRIGHT = 8, /* added to one of the above */
};

#define SCREEN_PLAIN SCREEN_WHITE

struct screen_cell {
    uint8_t character;
    uint8_t colour;
};
