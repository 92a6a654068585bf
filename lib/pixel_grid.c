/*
 * Draws cells into a framebuffer with pixels of 2, 3 or 4 bytes and any order of colours. It only
 * writes to the framebuffer, because reads from one are slow.
 */
#include "lib/pixel_grid.h"

#include "lib/error.h"
#include "lib/font.h"
#include "lib/screen.h"

#define SIDE_MAX         16384 /* pixels; a wider or higher display is an error */
#define CURSOR_FIRST_ROW 13    /* the cursor underlines rows 13 and 14 */
#define CURSOR_LAST_ROW  14

/* The sixteen colours as 0xRRGGBB. The background is a very dark blue. */
static const uint32_t palette[16] = {
    0x10141a, 0xd05050, 0x58b058, 0xc8a040, 0x5080d8, 0xb868c0, 0x40b0b8, 0xc8ccc8,
    0x687078, 0xff7070, 0x80e080, 0xffd868, 0x80b0ff, 0xe890f0, 0x70e8f0, 0xffffff,
};

/* Returns the most significant bits of an 8-bit colour, shifted to their place in a pixel. */
static uint32_t colour_field(uint32_t value8, struct framebuffer_colour field)
{
    uint32_t value = field.bits >= 8 ? value8 << (field.bits - 8) : value8 >> (8 - field.bits);
    return value << field.shift;
}

static uint32_t pixel_value(const struct framebuffer_info *info, uint32_t rgb)
{
    return colour_field(rgb >> 16 & 0xff, info->red) | colour_field(rgb >> 8 & 0xff, info->green) |
           colour_field(rgb & 0xff, info->blue);
}

static void pixel_store(const struct pixel_grid *grid, uint8_t *place, uint32_t value)
{
    if (grid->pixel_bytes == 4) {
        *(volatile uint32_t *)place = value;
    } else if (grid->pixel_bytes == 2) {
        *(volatile uint16_t *)place = (uint16_t)value;
    } else {
        for (unsigned byte = 0; byte < 3; byte++) {
            ((volatile uint8_t *)place)[byte] = (uint8_t)(value >> (8 * byte));
        }
    }
}

/* Draws one line of a cell on the display; `bits` has a bit for each of the font's pixels. */
static void line_draw(const struct pixel_grid *grid, uint8_t *place, uint8_t bits, uint32_t fore,
                      uint32_t back)
{
    for (unsigned bit = 0; bit < FONT_COLUMNS; bit++) {
        uint32_t value = bits & (0x80 >> bit) ? fore : back;
        for (uint32_t repeat = 0; repeat < grid->scale; repeat++) {
            pixel_store(grid, place, value);
            place += grid->pixel_bytes;
        }
    }
}

void pixel_grid_draw(const struct pixel_grid *grid, unsigned column, unsigned row,
                     struct screen_cell cell, bool cursor)
{
    uint32_t scale = grid->scale;
    uint32_t fore = grid->colours[cell.colour & 0x0f], back = grid->colours[cell.colour >> 4];
    uint8_t *place = grid->first + (size_t)row * FONT_ROWS * scale * grid->pitch_bytes +
                     (size_t)column * FONT_COLUMNS * scale * grid->pixel_bytes;
    for (unsigned line = 0; line < FONT_ROWS; line++) {
        bool underline = cursor && line >= CURSOR_FIRST_ROW && line <= CURSOR_LAST_ROW;
        uint8_t bits = underline ? 0xff : font_row(cell.character, line);
        for (uint32_t repeat = 0; repeat < scale; repeat++) {
            line_draw(grid, place, bits, fore, back);
            place += grid->pitch_bytes;
        }
    }
}

static bool colour_fits(struct framebuffer_colour field, uint32_t bits_per_pixel)
{
    return field.bits > 0 && field.bits <= 16 && field.shift + field.bits <= bits_per_pixel;
}

static int description_check(const struct framebuffer_info *info)
{
    uint32_t depth = info->bits_per_pixel;
    if (info->kind != FRAMEBUFFER_PIXELS) {
        return ERROR_UNSUPPORTED;
    }
    if (depth != 15 && depth != 16 && depth != 24 && depth != 32) {
        return ERROR_UNSUPPORTED;
    }
    bool sane = info->width >= FONT_COLUMNS && info->width <= SIDE_MAX &&
                info->height >= FONT_ROWS && info->height <= SIDE_MAX &&
                info->pitch_bytes >= info->width * ((depth + 7) / 8) &&
                info->pitch_bytes <= SIDE_MAX * 8 && colour_fits(info->red, depth) &&
                colour_fits(info->green, depth) && colour_fits(info->blue, depth);
    return sane ? OK : ERROR_INVALID;
}

/* Returns the smallest scale at which the display has no more cells than a screen can hold. */
static uint32_t scale_for(const struct framebuffer_info *info)
{
    uint32_t scale = 1;
    while (info->width / (FONT_COLUMNS * scale) > SCREEN_COLUMNS_MAX ||
           info->height / (FONT_ROWS * scale) > SCREEN_ROWS_MAX) {
        scale++;
    }
    return scale;
}

/* Fills the display, margins included, with the background's colour. */
static void display_clear(const struct pixel_grid *grid, uint8_t *memory,
                          const struct framebuffer_info *info)
{
    for (uint32_t y = 0; y < info->height; y++) {
        uint8_t *place = memory + (size_t)y * info->pitch_bytes;
        for (uint32_t x = 0; x < info->width; x++) {
            pixel_store(grid, place, grid->colours[SCREEN_BLACK]);
            place += grid->pixel_bytes;
        }
    }
}

int pixel_grid_check(const struct framebuffer_info *info)
{
    int error = description_check(info);
    if (error != OK) {
        return error;
    }
    uint32_t scale = scale_for(info);
    bool fits = info->width >= FONT_COLUMNS * scale && info->height >= FONT_ROWS * scale;
    return fits ? OK : ERROR_UNSUPPORTED; /* else it is so long and thin that no cell fits */
}

void pixel_grid_init(struct pixel_grid *grid, const struct framebuffer_info *info, void *memory)
{
    uint32_t scale = scale_for(info);
    uint32_t cell_width = FONT_COLUMNS * scale, cell_height = FONT_ROWS * scale;
    uint32_t left = info->width % cell_width / 2, top = info->height % cell_height / 2;
    grid->columns = info->width / cell_width;
    grid->rows = info->height / cell_height;
    grid->pitch_bytes = info->pitch_bytes;
    grid->pixel_bytes = (info->bits_per_pixel + 7) / 8;
    grid->scale = scale;
    for (unsigned colour = 0; colour < array_length(palette); colour++) {
        grid->colours[colour] = pixel_value(info, palette[colour]);
    }
    display_clear(grid, memory, info);
    grid->first =
        (uint8_t *)memory + (size_t)top * info->pitch_bytes + (size_t)left * grid->pixel_bytes;
}
