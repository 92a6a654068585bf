/* The memory map, compared with an array of the kind of every page. */
#include "boot/memory_map.h"

#include "lib/error.h"
#include "tests/host/host.h"

#define PAGES   512
#define NOTHING (-1)

/* Checks the invariant of memory_map.h. */
static void check_consistent(const struct memory_map *map)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];

        host_check(range->bytes != 0);
        host_equal(range->base % PAGE_BYTES, 0);
        host_equal(range->bytes % PAGE_BYTES, 0);
        if (i > 0) {
            const struct memory_range *before = &map->ranges[i - 1];

            host_check(before->base + before->bytes <= range->base);
            host_check(before->base + before->bytes < range->base || before->kind != range->kind);
        }
    }
}

static int kind_at(const struct memory_map *map, physical_t address)
{
    const struct memory_range *range = memory_map_find(map, address);

    return range == NULL ? NOTHING : (int)range->kind;
}

static void add_to_model(int *model, uint64_t base, uint64_t bytes, int kind)
{
    for (uint64_t page = 0; page < PAGES; page++) {
        uint64_t start = page * PAGE_BYTES, end = start + PAGE_BYTES;
        bool covered = kind == MEMORY_USABLE ? base <= start && end <= base + bytes
                                             : base < end && start < base + bytes;

        if (covered && kind > model[page]) {
            model[page] = kind;
        }
    }
}

HOST_TEST(HMM0001, "random ranges in any order give the worst kind of each page")
{
    for (unsigned round = 0; round < 2000; round++) {
        struct memory_map map;
        int model[PAGES];

        memory_map_init(&map);
        for (unsigned i = 0; i < PAGES; i++) {
            model[i] = NOTHING;
        }
        for (unsigned i = 0; i < 20; i++) {
            uint64_t base = host_random_below(PAGES * PAGE_BYTES);
            uint64_t bytes = host_random_below(40 * PAGE_BYTES);
            int kind = (int)host_random_below(MEMORY_KIND_COUNT);

            if (host_random_below(2)) {
                base &= ~(PAGE_BYTES - 1);
            }
            if (bytes > PAGES * PAGE_BYTES - base) {
                bytes = PAGES * PAGE_BYTES - base;
            }
            host_equal(memory_map_add(&map, base, bytes, kind), OK);
            if (bytes > 0) {
                add_to_model(model, base, bytes, kind);
            }
        }
        check_consistent(&map);
        for (unsigned i = 0; i < PAGES; i++) {
            host_equal(kind_at(&map, i * PAGE_BYTES + i % PAGE_BYTES), model[i]);
        }
        host_equal(map.dropped_bytes, 0);
    }
}

HOST_TEST(HMM0002, "a full map drops small usable ranges and keeps every reserved one")
{
    struct memory_map map;

    memory_map_init(&map);
    host_equal(memory_map_add(&map, 0, 1 << 30, MEMORY_USABLE), OK);
    for (unsigned i = 0; i < 90; i++) {
        host_equal(memory_map_reserve(&map, (2 * i + 1) * 16 * PAGE_BYTES, 1, MEMORY_RESERVED), OK);
        check_consistent(&map);
    }
    for (unsigned i = 0; i < 90; i++) {
        host_equal(kind_at(&map, (2 * i + 1) * 16 * PAGE_BYTES), MEMORY_RESERVED);
    }
    host_check(map.count <= MEMORY_RANGE_MAX);
    host_check(map.dropped_bytes > 0 && map.dropped_bytes < 90 * 32 * PAGE_BYTES);
    host_equal(kind_at(&map, (1 << 30) - 1), MEMORY_USABLE);
}

HOST_TEST(HMM0003, "a map full of reserved ranges reports an error")
{
    struct memory_map map;
    int error = OK;

    memory_map_init(&map);
    for (unsigned i = 0; i < MEMORY_RANGE_MAX + 1 && error == OK; i++) {
        error = memory_map_add(&map, i * 2 * PAGE_BYTES, 1, MEMORY_RESERVED);
    }
    host_equal(error, ERROR_RANGE);
    check_consistent(&map);
}

HOST_TEST(HMM0004, "ranges at the end of the address space are cut, and invalid ones are refused")
{
    struct memory_map map;

    memory_map_init(&map);
    host_equal(memory_map_add(&map, UINT64_MAX - 5, 100, MEMORY_RESERVED), OK);
    host_equal(map.count, 0);
    host_equal(memory_map_add(&map, (1ull << 52) - 5000, UINT64_MAX, MEMORY_RESERVED), OK);
    host_equal(map.count, 1);
    host_equal(map.ranges[0].base + map.ranges[0].bytes, 1ll << 52);
    host_equal(memory_map_add(&map, 0, 0, MEMORY_BAD), OK);
    host_equal(memory_map_add(&map, 5, 4000, MEMORY_USABLE), OK);
    host_equal(map.count, 1);
    host_equal(memory_map_add(&map, 0, 4096, (enum memory_kind)77), ERROR_INVALID);
    host_equal(memory_map_reserve(&map, 0, 4096, MEMORY_USABLE), ERROR_INVALID);
}

HOST_TEST(HMM0005, "memory taken at boot is aligned, below the limit, above 1 MiB where possible")
{
    struct memory_map map;
    physical_t got = 1;

    memory_map_init(&map);
    host_equal(memory_map_add(&map, 0, 0x9fc00, MEMORY_USABLE), OK);
    host_equal(memory_map_add(&map, 0x100000, 0x700000, MEMORY_USABLE), OK);
    host_equal(boot_frame_allocate(&map, 1, PAGE_BYTES, UINT64_MAX, &got), OK);
    host_equal(got, 0x100000);
    host_equal(boot_frame_allocate(&map, 5000, 0x10000, UINT64_MAX, &got), OK);
    host_equal(got, 0x110000);
    host_equal(kind_at(&map, 0x111fff), MEMORY_KERNEL);
    host_equal(kind_at(&map, 0x112000), MEMORY_USABLE);
    host_equal(boot_frame_allocate(&map, 4096, PAGE_BYTES, 0x100000, &got), OK);
    host_equal(got, 0);
    host_equal(boot_frame_allocate(&map, 1 << 30, PAGE_BYTES, UINT64_MAX, &got), ERROR_NO_MEMORY);
    host_equal(boot_frame_allocate(&map, 4096, PAGE_BYTES, 0x1000, &got), ERROR_NO_MEMORY);
    host_equal(boot_frame_allocate(&map, 4096, 0x3000, UINT64_MAX, &got), ERROR_INVALID);
    host_equal(boot_frame_allocate(&map, 0, PAGE_BYTES, UINT64_MAX, &got), ERROR_INVALID);
    host_equal(got, 0);
    check_consistent(&map);
    host_equal(memory_map_top(&map, MEMORY_USABLE), 0x800000);
    host_equal(memory_map_bytes(&map, MEMORY_KERNEL), 4 * PAGE_BYTES);
}
