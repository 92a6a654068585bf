/*
 * Draws a cell with one 16-bit store to the display's memory. The memory is read only once, to find
 * out if there is a display. Source: the VGA's register descriptions (CRT controller 0x0a,
 * 0x0b, 0x0e, 0x0f).
 */
#include "arch/x86_64/dev/vga_text.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"

#define TEXT_BYTES    (VGA_TEXT_COLUMNS * VGA_TEXT_ROWS * 2)
#define CURSOR_START  0x0a
#define CURSOR_END    0x0b
#define PROBE_PATTERN 0x0741

static volatile uint16_t *text_memory;

static void crt_write(uint8_t index, uint8_t value)
{
    outb(VGA_CRT_INDEX, index);
    outb(VGA_CRT_DATA, value);
}

void vga_text_draw(unsigned column, unsigned row, struct screen_cell cell, bool cursor)
{
    unsigned place = row * VGA_TEXT_COLUMNS + column;
    text_memory[place] = vga_cell(cell);
    if (cursor) {
        crt_write(VGA_CURSOR_HIGH, (uint8_t)(place >> 8));
        crt_write(VGA_CURSOR_LOW, (uint8_t)place);
    }
}

int vga_text_init(void)
{
    text_memory = mmio_map(VGA_TEXT_MEMORY, TEXT_BYTES);
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
