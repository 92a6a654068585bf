/* See framebuffer.h. */
#include "kernel/console/framebuffer.h"

#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"
#include "lib/pixel_grid.h"

static struct pixel_grid grid; /* framebuffer_init() sets it once */

static void framebuffer_draw(unsigned column, unsigned row, struct screen_cell cell, bool cursor)
{
    pixel_grid_draw(&grid, column, row, cell, cursor);
    __asm__ volatile("sfence" ::: "memory"); /* writes out the stores: the machine may halt next */
}

int framebuffer_init(struct screen *screen, const struct framebuffer_info *info)
{
    int error = pixel_grid_check(info);
    if (error != OK) {
        return error;
    }
    void *memory = mmio_map_combining(info->address, (size_t)info->pitch_bytes * info->height);
    if (memory == NULL) {
        return ERROR_NO_MEMORY;
    }
    pixel_grid_init(&grid, info, memory);
    screen_init(screen, grid.columns, grid.rows, framebuffer_draw);
    return OK;
}
