/* The framebuffer's driver on the test's memory: every depth, odd sizes, wrong descriptions. */
#include "kernel/console/framebuffer.h"

#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"
#include "lib/font.h"
#include "tests/host/host.h"

static struct screen screen;
static uint8_t
    *memory; /* exactly as large as the driver asks for, so that ASan sees every step off */

void *mmio_map_combining(physical_t physical, size_t bytes)
{
    if (physical == 0) {
        return NULL;
    }
    free(memory);
    memory = malloc(bytes);
    memset(memory, 0xa5, bytes);
    return memory;
}

static struct framebuffer_info info_of(uint32_t width, uint32_t height, uint32_t depth)
{
    struct framebuffer_info info = {.kind = FRAMEBUFFER_PIXELS,
                                    .address = 0x80000000,
                                    .width = width,
                                    .height = height,
                                    .bits_per_pixel = depth,
                                    .pitch_bytes = width * ((depth + 7) / 8)};
    if (depth >= 24) {
        info.red = (struct framebuffer_colour){16, 8};
        info.green = (struct framebuffer_colour){8, 8};
        info.blue = (struct framebuffer_colour){0, 8};
    } else {
        info.red = (struct framebuffer_colour){depth - 5, 5};
        info.green = (struct framebuffer_colour){5, depth - 10};
        info.blue = (struct framebuffer_colour){0, 5};
    }
    return info;
}

static uint32_t pixel(const struct framebuffer_info *info, uint32_t x, uint32_t y)
{
    uint32_t bytes = (info->bits_per_pixel + 7) / 8, value = 0;
    memcpy(&value, memory + (size_t)y * info->pitch_bytes + (size_t)x * bytes, bytes);
    return value;
}

static void show(const char *text)
{
    screen_write(&screen, text, strlen(text));
    screen_flush(&screen);
}

/* Checks a cell's letter pixel by pixel: white on the colour of the upper left pixel. */
static void letter_equal(const struct framebuffer_info *info, unsigned column, unsigned row,
                         char letter, uint32_t scale)
{
    uint32_t left = info->width % (FONT_COLUMNS * scale) / 2 + column * FONT_COLUMNS * scale;
    uint32_t top = info->height % (FONT_ROWS * scale) / 2 + row * FONT_ROWS * scale;
    uint32_t back = pixel(info, 0, 0), wrong = 0;
    for (uint32_t y = 0; y < FONT_ROWS * scale; y++) {
        for (uint32_t x = 0; x < FONT_COLUMNS * scale; x++) {
            bool drawn = pixel(info, left + x, top + y) != back;
            bool wanted = font_row((uint8_t)letter, y / scale) >> (7 - x / scale) & 1;
            wrong += drawn != wanted;
        }
    }
    host_equal(wrong, 0);
}

HOST_TEST(HFB0001, "a framebuffer of each depth shows letters in their cells")
{
    static const uint32_t depths[] = {15, 16, 24, 32};
    for (unsigned i = 0; i < array_length(depths); i++) {
        struct framebuffer_info info = info_of(643, 331, depths[i]);
        info.pitch_bytes += 64;
        host_equal(framebuffer_init(&screen, &info), OK);
        host_equal(screen.columns, 80);
        host_equal(screen.rows, 20);
        show("Ag\nx\x1b[20;80HW");
        letter_equal(&info, 0, 0, 'A', 1);
        letter_equal(&info, 1, 0, 'g', 1);
        letter_equal(&info, 0, 1, 'x', 1);
        show("\r");
        letter_equal(&info, 79, 19, 'W', 1);
    }
}

HOST_TEST(HFB0002, "a large framebuffer gets larger letters and stays within its memory")
{
    static const uint32_t sizes[][2] = {{1920, 1080}, {2560, 1440}, {3840, 2160}, {800, 600},
                                        {8, 16},      {1281, 17},   {1366, 768}};
    for (unsigned i = 0; i < array_length(sizes); i++) {
        struct framebuffer_info info = info_of(sizes[i][0], sizes[i][1], 32);
        int error = framebuffer_init(&screen, &info);
        if (error != OK) {
            host_equal(error, ERROR_UNSUPPORTED);
            continue;
        }
        host_check(screen.columns >= 1 && screen.columns <= SCREEN_COLUMNS_MAX);
        host_check(screen.rows >= 1 && screen.rows <= SCREEN_ROWS_MAX);
        for (unsigned line = 0; line < 3 * SCREEN_ROWS_MAX; line++) {
            show("a line that is as long as many a line in this world is, and then some\n");
        }
    }
    struct framebuffer_info info = info_of(1920, 1080, 32);
    host_equal(framebuffer_init(&screen, &info), OK);
    show("B");
    letter_equal(&info, 0, 0, 'B', 2);
}

HOST_TEST(HFB0003, "a framebuffer with an inconsistent description is refused")
{
    const struct framebuffer_info good = info_of(800, 600, 32);
    struct framebuffer_info info = good;
    info.kind = FRAMEBUFFER_TEXT;
    host_equal(framebuffer_init(&screen, &info), ERROR_UNSUPPORTED);
    info = good;
    info.bits_per_pixel = 8;
    host_equal(framebuffer_init(&screen, &info), ERROR_UNSUPPORTED);
    info = good;
    info.pitch_bytes = 800;
    host_equal(framebuffer_init(&screen, &info), ERROR_INVALID);
    info = good;
    info.width = 0xffffffff;
    host_equal(framebuffer_init(&screen, &info), ERROR_INVALID);
    info = good;
    info.height = 3;
    host_equal(framebuffer_init(&screen, &info), ERROR_INVALID);
    info = good;
    info.red.shift = 30;
    host_equal(framebuffer_init(&screen, &info), ERROR_INVALID);
    info = good;
    info.blue.bits = 0;
    host_equal(framebuffer_init(&screen, &info), ERROR_INVALID);
    info = good;
    info.address = 0;
    host_equal(framebuffer_init(&screen, &info), ERROR_NO_MEMORY);
}
