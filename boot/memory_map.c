/* The map of physical memory. memory_map.h states its invariant. */
#include "boot/memory_map.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"
#include "lib/string.h"

/* Physical addresses have at most 52 bits (SDM volume 3, 4.1.4). */
#define ADDRESS_END (1ull << 52)

#define LOW_MEMORY_END 0x100000ull
#define BASE_RAM_END   0xa0000ull /* a PC has RAM from 0 to the video memory */

static physical_t round_down(physical_t address, uint64_t unit)
{
    return address & ~(unit - 1);
}

static physical_t round_up(physical_t address, uint64_t unit)
{
    return round_down(address + unit - 1, unit);
}

static physical_t range_end(const struct memory_range *range)
{
    return range->base + range->bytes;
}

const char *memory_kind_name(enum memory_kind kind)
{
    static const char *const names[MEMORY_KIND_COUNT] = {
        [MEMORY_USABLE] = "usable",
        [MEMORY_KERNEL] = "kernel",
        [MEMORY_ACPI_RECLAIMABLE] = "ACPI tables",
        [MEMORY_ACPI_NVS] = "ACPI NVS",
        [MEMORY_RESERVED] = "reserved",
        [MEMORY_BAD] = "bad",
    };

    return (unsigned)kind < MEMORY_KIND_COUNT ? names[kind] : "unknown";
}

void memory_map_init(struct memory_map *map)
{
    map->count = 0;
    map->dropped_bytes = 0;
}

static void insert_at(struct memory_map *map, unsigned index, struct memory_range range)
{
    memmove(&map->ranges[index + 1], &map->ranges[index],
            (map->count - index) * sizeof(map->ranges[0]));
    map->ranges[index] = range;
    map->count++;
}

static void remove_at(struct memory_map *map, unsigned index)
{
    map->count--;
    memmove(&map->ranges[index], &map->ranges[index + 1],
            (map->count - index) * sizeof(map->ranges[0]));
}

static void merge_neighbours(struct memory_map *map)
{
    unsigned kept = 0;

    for (unsigned i = 1; i < map->count; i++) {
        struct memory_range *last = &map->ranges[kept];

        if (range_end(last) == map->ranges[i].base && last->kind == map->ranges[i].kind) {
            last->bytes += map->ranges[i].bytes;
        } else {
            map->ranges[++kept] = map->ranges[i];
        }
    }
    if (map->count > 0) {
        map->count = kept + 1;
    }
}

static int drop_smallest_usable(struct memory_map *map)
{
    unsigned smallest = map->count;

    for (unsigned i = 0; i < map->count; i++) {
        if (map->ranges[i].kind != MEMORY_USABLE) {
            continue;
        }
        if (smallest == map->count || map->ranges[i].bytes < map->ranges[smallest].bytes) {
            smallest = i;
        }
    }
    if (smallest == map->count) {
        return ERROR_RANGE;
    }
    map->dropped_bytes += map->ranges[smallest].bytes;
    remove_at(map, smallest);
    return OK;
}

/* Makes room for two more entries: one step of an addition may cut a range into three. */
static must_check int make_room(struct memory_map *map)
{
    int error = OK;

    if (map->count + 2 > MEMORY_RANGE_MAX) {
        merge_neighbours(map);
    }
    while (map->count + 2 > MEMORY_RANGE_MAX && error == OK) {
        error = drop_smallest_usable(map);
    }
    return error;
}

/* Changes the kind of [start, end), a part of range `index`. The rest keeps its kind. */
static void recolour(struct memory_map *map, unsigned index, physical_t start, physical_t end,
                     enum memory_kind kind)
{
    struct memory_range whole = map->ranges[index];

    map->ranges[index] = (struct memory_range){start, end - start, kind};
    if (end < range_end(&whole)) {
        insert_at(map, index + 1, (struct memory_range){end, range_end(&whole) - end, whole.kind});
    }
    if (whole.base < start) {
        insert_at(map, index, (struct memory_range){whole.base, start - whole.base, whole.kind});
    }
}

int memory_map_add(struct memory_map *map, physical_t base, uint64_t bytes, enum memory_kind kind)
{
    physical_t end = base + bytes;

    if ((unsigned)kind >= MEMORY_KIND_COUNT) {
        return ERROR_INVALID;
    }
    if (end < base || end > ADDRESS_END) {
        end = ADDRESS_END;
    }
    if (bytes == 0 || base >= end) {
        return OK;
    }
    if (kind == MEMORY_USABLE) {
        base = round_up(base, PAGE_BYTES);
        end = round_down(end, PAGE_BYTES);
    } else {
        base = round_down(base, PAGE_BYTES);
        end = round_up(end, PAGE_BYTES);
    }

    /*
     * Each step handles the part up to the next bound of an existing range, in order of addresses.
     * A gap becomes a range of this kind; an existing range gets the later one of both kinds.
     */
    for (physical_t start = base, stop; start < end; start = stop) {
        unsigned index = 0;
        int error = make_room(map);

        if (error != OK) {
            return error;
        }
        while (index < map->count && range_end(&map->ranges[index]) <= start) {
            index++;
        }
        if (index == map->count || map->ranges[index].base > start) {
            stop = end;
            if (index < map->count && map->ranges[index].base < end) {
                stop = map->ranges[index].base;
            }
            insert_at(map, index, (struct memory_range){start, stop - start, kind});
        } else {
            stop = range_end(&map->ranges[index]);
            if (stop > end) {
                stop = end;
            }
            if (kind > map->ranges[index].kind) {
                recolour(map, index, start, stop, kind);
            }
        }
    }
    merge_neighbours(map);
    return OK;
}

int memory_map_reserve(struct memory_map *map, physical_t base, uint64_t bytes,
                       enum memory_kind kind)
{
    if (kind == MEMORY_USABLE) {
        return ERROR_INVALID;
    }
    return memory_map_add(map, base, bytes, kind);
}

/*
 * Stores the lowest aligned address of `bytes` usable bytes that lie in [floor, limit). Returns
 * false if there is none.
 */
static bool find_usable(const struct memory_map *map, uint64_t bytes, uint64_t alignment_bytes,
                        physical_t floor, physical_t limit, physical_t *out)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];
        physical_t start = range->base > floor ? range->base : floor;
        physical_t end = range_end(range) < limit ? range_end(range) : limit;

        if (range->kind != MEMORY_USABLE) {
            continue;
        }
        start = round_up(start, alignment_bytes);
        if (start < end && bytes <= end - start) {
            *out = start;
            return true;
        }
    }
    return false;
}

int boot_frame_allocate(struct memory_map *map, uint64_t bytes, uint64_t alignment_bytes,
                        physical_t limit, physical_t *out)
{
    physical_t found;
    int error;

    if (bytes == 0 || bytes > ADDRESS_END || alignment_bytes < PAGE_BYTES ||
        (alignment_bytes & (alignment_bytes - 1)) != 0) {
        return ERROR_INVALID;
    }
    bytes = round_up(bytes, PAGE_BYTES);
    if (!find_usable(map, bytes, alignment_bytes, LOW_MEMORY_END, limit, &found) &&
        !find_usable(map, bytes, alignment_bytes, 0, limit, &found)) {
        return ERROR_NO_MEMORY;
    }
    error = memory_map_reserve(map, found, bytes, MEMORY_KERNEL);
    if (error == OK) {
        *out = found;
    }
    return error;
}

int memory_map_take_low(struct memory_map *map, uint64_t bytes, physical_t end, physical_t *out)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];
        physical_t start = range->base < PAGE_BYTES ? PAGE_BYTES : range->base;
        bool fits = range->kind == MEMORY_USABLE && start + bytes <= range->base + range->bytes;
        if (!fits || start + bytes > end) {
            continue;
        }
        int error = memory_map_reserve(map, start, bytes, MEMORY_KERNEL);
        if (error == OK) {
            *out = start;
        }
        return error;
    }
    return ERROR_NO_MEMORY;
}

const struct memory_range *memory_map_find(const struct memory_map *map, physical_t address)
{
    for (unsigned i = 0; i < map->count; i++) {
        if (address >= map->ranges[i].base &&
            address - map->ranges[i].base < map->ranges[i].bytes) {
            return &map->ranges[i];
        }
    }
    return NULL;
}

bool memory_map_has_ram(const struct memory_map *map, physical_t base, uint64_t bytes)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];
        if (range->kind <= MEMORY_ACPI_RECLAIMABLE && base < range_end(range) &&
            range->base < base + bytes) {
            return true;
        }
    }
    return base < BASE_RAM_END;
}

uint64_t memory_map_bytes(const struct memory_map *map, enum memory_kind kind)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < map->count; i++) {
        if (map->ranges[i].kind == kind) {
            bytes += map->ranges[i].bytes;
        }
    }
    return bytes;
}

physical_t memory_map_top(const struct memory_map *map, enum memory_kind kind)
{
    physical_t top = 0;

    for (unsigned i = 0; i < map->count; i++) {
        if (map->ranges[i].kind == kind) {
            top = range_end(&map->ranges[i]);
        }
    }
    return top;
}
