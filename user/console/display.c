/* See display.h. */
#include "user/console/display.h"

#include "lib/error.h"
#include "lib/pixel_grid.h"
#include "lib/screen.h"
#include "lib/vga_cell.h"
#include "user/lib/fatal.h"
#include "user/lib/pages.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define CELLS_AT_ONCE 256

static struct screen screen;
static struct pixel_grid grid;
static volatile uint16_t *text_memory;
static uint32_t cursor_ports; /* the range of the VGA's CRT controller */
static bool is_stale;         /* there is something to draw */

static void crt_write(uint8_t index, uint8_t value)
{
    int64_t error = sys_port_write(cursor_ports, VGA_CRT_INDEX, 1, index);

    if (error == OK) {
        error = sys_port_write(cursor_ports, VGA_CRT_DATA, 1, value);
    }
    if (error != OK) {
        fatal("the cursor: %s", error_name((int)error));
    }
}

static void text_draw(unsigned column, unsigned row, struct screen_cell cell, bool cursor)
{
    unsigned place = row * VGA_TEXT_COLUMNS + column;

    text_memory[place] = vga_cell(cell);
    if (cursor) {
        crt_write(VGA_CURSOR_HIGH, (uint8_t)(place >> 8));
        crt_write(VGA_CURSOR_LOW, (uint8_t)place);
    }
}

static void pixels_draw(unsigned column, unsigned row, struct screen_cell cell, bool cursor)
{
    pixel_grid_draw(&grid, column, row, cell, cursor);
}

static int text_open(void *memory)
{
    int64_t made = sys_ports_create(program_start.handles[PROGRAM_HANDLE_PORTS], VGA_CRT_INDEX,
                                    VGA_CRT_DATA - VGA_CRT_INDEX + 1, RIGHT_WRITE);

    if (made < 0) {
        return (int)made;
    }
    cursor_ports = (uint32_t)made;
    text_memory = memory;
    screen_init(&screen, VGA_TEXT_COLUMNS, VGA_TEXT_ROWS, text_draw);
    return OK;
}

int display_open(uint32_t memory, const struct framebuffer_info *info)
{
    size_t bytes = info->address + (size_t)info->pitch_bytes * info->height;
    bool is_text = info->kind == FRAMEBUFFER_TEXT;
    void *pages;
    int error = is_text ? OK : pixel_grid_check(info);

    if (error == OK) {
        error = pages_map(memory, 0, (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1),
                          RIGHT_READ | RIGHT_WRITE, &pages);
    }
    if (error == OK && is_text) {
        error = text_open((char *)pages + info->address);
    } else if (error == OK) {
        pixel_grid_init(&grid, info, (char *)pages + info->address);
        screen_init(&screen, grid.columns, grid.rows, pixels_draw);
    }
    return error;
}

bool display_write(const char *text, size_t bytes)
{
    bool was_stale = is_stale;

    screen_write(&screen, text, bytes);
    is_stale = true;
    return !was_stale;
}

void display_redraw(void)
{
    screen_redraw(&screen);
    is_stale = true;
}

bool display_draw_some(void)
{
    is_stale = is_stale && !screen_flush_some(&screen, CELLS_AT_ONCE);
    return !is_stale;
}
