/*
 * Draws a cell with one 16-bit store to the display's memory. The memory is read only once, to find
 * out if there is a display. Source: the VGA's register descriptions (CRT controller 0x0a,
 * 0x0b, 0x0e, 0x0f).
 */
#include "arch/x86_64/dev/vga_text.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"

#define TEXT_MEMORY   0xb8000
#define TEXT_BYTES    (VGA_TEXT_COLUMNS * VGA_TEXT_ROWS * 2)
#define CRT_INDEX     0x3d4
#define CRT_DATA      0x3d5
#define CURSOR_START  0x0a
#define CURSOR_END    0x0b
#define CURSOR_HIGH   0x0e
#define CURSOR_LOW    0x0f
#define GLYPH_BOX     0xfe /* a small square in the display's own font */
#define PROBE_PATTERN 0x0741

static volatile uint16_t *text_memory;

static void crt_write(uint8_t index, uint8_t value)
{
    outb(CRT_INDEX, index);
    outb(CRT_DATA, value);
}

/* Converts a colour from ANSI's numbers (red 1, blue 4) to the VGA's (red 4, blue 1). */
static uint8_t vga_colour(unsigned ansi)
{
    return (uint8_t)((ansi & 0xa) | (ansi & 1) << 2 | (ansi & 4) >> 2);
}

void vga_text_draw(unsigned column, unsigned row, struct screen_cell cell, bool cursor)
{
    unsigned place = row * VGA_TEXT_COLUMNS + column;
    uint8_t glyph = cell.character == SCREEN_BOX ? GLYPH_BOX : cell.character;
    unsigned colour = vga_colour(cell.colour & 0x0f) | (unsigned)vga_colour(cell.colour >> 4) << 4;
    text_memory[place] = (uint16_t)(colour << 8 | glyph);
    if (cursor) {
        crt_write(CURSOR_HIGH, (uint8_t)(place >> 8));
        crt_write(CURSOR_LOW, (uint8_t)place);
    }
}

int vga_text_init(void)
{
    text_memory = mmio_map(TEXT_MEMORY, TEXT_BYTES);
    if (text_memory == NULL) {
        return ERROR_NO_MEMORY;
    }
    text_memory[0] = PROBE_PATTERN;
    text_memory[1] = (uint16_t)~PROBE_PATTERN;
    if (text_memory[0] != PROBE_PATTERN) {
        return ERROR_NOT_FOUND;
    }
    crt_write(CURSOR_START, 14); /* a visible underline of two lines */
    crt_write(CURSOR_END, 15);
    return OK;
}
