/*
 * The map of physical memory: what firmware said, made consistent, and what boot has taken since.
 *
 * Invariant, kept by every function here: ranges are sorted by address, whole pages, never empty,
 * never overlapping, and neighbours of one kind are one range. What no range covers is not memory.
 *
 * Firmware maps come unsorted, overlapping and with odd bytes. Where ranges overlap the kind listed
 * later in `enum memory_kind` wins, so doubtful memory is left alone; a usable range shrinks to
 * whole pages and every other kind grows to them. The result does not depend on the order of calls.
 *
 * Used by one processor at boot, before frame_init(); no locks.
 */
#pragma once

#include <stdint.h>

#include "arch/x86_64/cpu/types.h"
#include "lib/compiler.h"

#define MEMORY_RANGE_MAX 128

/* From harmless to harmful: where ranges overlap, the later one wins. */
enum memory_kind {
    MEMORY_USABLE,           /* free for any use */
    MEMORY_KERNEL,           /* RAM in use: kernel image, modules, boot information, early tables */
    MEMORY_ACPI_RECLAIMABLE, /* RAM that holds ACPI tables */
    MEMORY_ACPI_NVS,         /* RAM that belongs to firmware */
    MEMORY_RESERVED,         /* not ours, perhaps not RAM */
    MEMORY_BAD,              /* RAM that firmware found faulty */
    MEMORY_KIND_COUNT,
};

struct memory_range {
    physical_t base;
    uint64_t bytes;
    enum memory_kind kind;
};

struct memory_map {
    unsigned count;
    uint64_t dropped_bytes; /* usable memory given up because the array was full */
    struct memory_range ranges[MEMORY_RANGE_MAX];
};

/* One or two words for listings, such as "usable". */
const char *memory_kind_name(enum memory_kind kind);

/* Makes the map empty. (A zeroed one is empty as well.) */
void memory_map_init(struct memory_map *map);

/*
 * Adds a range as firmware gave it: any alignment, any overlap, any order. Addresses beyond 52 bits
 * are cut off. When the array is full the smallest usable range is given up (see dropped_bytes), so
 * that memory we must not touch is never forgotten.
 * Errors: ERROR_INVALID for a kind that does not exist, ERROR_RANGE if the array is full of ranges
 * that are not usable.
 */
must_check int memory_map_add(struct memory_map *map, physical_t base, uint64_t bytes,
                              enum memory_kind kind);

/*
 * Marks a range as in use or not to be touched, rounded out to whole pages. Errors: as above, and
 * ERROR_INVALID for MEMORY_USABLE.
 */
must_check int memory_map_reserve(struct memory_map *map, physical_t base, uint64_t bytes,
                                  enum memory_kind kind);

/*
 * Takes usable memory before there is a frame allocator, rounded up to whole pages, and marks it
 * MEMORY_KERNEL: the lowest place at or above 1 MiB, else the lowest of all (the first megabyte is
 * kept for what needs it, such as starting processors). `alignment_bytes` is a power of two, at
 * least a page; the whole piece lies below `limit`. The memory is not zeroed.
 * Errors: ERROR_NO_MEMORY, ERROR_INVALID, ERROR_RANGE (the map is full); *out is then unchanged.
 */
must_check int boot_frame_allocate(struct memory_map *map, uint64_t bytes, uint64_t alignment_bytes,
                                   physical_t limit, physical_t *out);

/*
 * Takes `bytes` of usable memory that lie above page 0 and below `end`, the lowest there are, and
 * marks them MEMORY_KERNEL. Context: boot. Errors: ERROR_NO_MEMORY, ERROR_RANGE (the map is full);
 * *out is then unchanged.
 */
must_check int memory_map_take_low(struct memory_map *map, uint64_t bytes, physical_t end,
                                   physical_t *out);

/* The range that holds an address, or a null pointer. */
const struct memory_range *memory_map_find(const struct memory_map *map, physical_t address);

/* Sum over the ranges of one kind, in bytes. */
uint64_t memory_map_bytes(const struct memory_map *map, enum memory_kind kind);

/* The address behind the highest range of this kind; 0 if there is none. */
physical_t memory_map_top(const struct memory_map *map, enum memory_kind kind);
