/*
 * The boot loader's description of the display. It is plain data: boot/multiboot2.c fills it in and
 * the framebuffer driver reads it. Source: Multiboot2 specification 2.0, section 3.6.12.
 */
#pragma once

#include "lib/compiler.h"

enum framebuffer_kind {
    FRAMEBUFFER_NONE,   /* no description, as with PVH: there may be VGA text at 0xb8000 */
    FRAMEBUFFER_PIXELS, /* direct colour: red, green and blue give the place of each colour */
    FRAMEBUFFER_TEXT,   /* VGA text: width and height in characters, two bytes each */
};

/* The place of one colour in a pixel: `bits` bits, the lowest of them at bit `shift`. */
struct framebuffer_colour {
    uint8_t shift;
    uint8_t bits;
};

struct framebuffer_info {
    enum framebuffer_kind kind;
    uint64_t address;     /* physical, of the pixel or character in the upper left corner */
    uint32_t pitch_bytes; /* from the start of one line to the start of the next */
    uint32_t width;       /* pixels, or characters for FRAMEBUFFER_TEXT */
    uint32_t height;
    uint32_t bits_per_pixel; /* 15, 16, 24 or 32; 16 for FRAMEBUFFER_TEXT */
    struct framebuffer_colour red, green, blue;
};
