/*
 * The boot loader's description of the screen: plain data, filled in by boot/multiboot2.c and used
 * by the framebuffer driver. Source: Multiboot2 specification, section 3.6.12.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

enum framebuffer_kind {
    FRAMEBUFFER_NONE,   /* no description, as with PVH: there may be VGA text at 0xb8000 */
    FRAMEBUFFER_PIXELS, /* direct colour; the masks below say which bits are which */
    FRAMEBUFFER_TEXT,   /* VGA text: width and height in characters, two bytes each */
};

/* The place of one colour in a pixel: `bits` bits, the lowest of them at bit `shift`. */
struct framebuffer_colour {
    uint8_t shift;
    uint8_t bits;
};

struct framebuffer_info {
    enum framebuffer_kind kind;
    physical_t address;
    uint32_t pitch_bytes; /* from the start of one line to the start of the next */
    uint32_t width;       /* pixels, or characters for FRAMEBUFFER_TEXT */
    uint32_t height;
    uint32_t bits_per_pixel; /* 15, 16, 24 or 32; 16 for FRAMEBUFFER_TEXT */
    struct framebuffer_colour red, green, blue;
};
