/*
 * The map of physical memory: firmware's ranges, made consistent, and those that the boot has
 * taken.
 *
 * Invariant, kept by every function: ranges are sorted by address, consist of whole pages, are not
 * empty and do not overlap, and neighbours of one kind are one range. An address in no range is not
 * memory.
 *
 * Firmware maps are unsorted and may overlap and have odd bounds. Where ranges overlap, the kind
 * listed later in `enum memory_kind` wins, so doubtful memory is left alone. A usable range shrinks
 * to whole pages and a range of any other kind grows to them. The result does not depend on the
 * order of calls.
 *
 * Functions that change a map run on one processor at boot, before frame_init(), without locks.
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
    MEMORY_RESERVED,         /* not to be used, perhaps not RAM */
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

/* Returns one or two words for a kind, such as "usable", for listings. Context: ANY. */
const char *memory_kind_name(enum memory_kind kind);

/* Makes the map empty. A zeroed map is empty as well. Context: boot. */
void memory_map_init(struct memory_map *map);

/*
 * Adds a range of firmware's map, with any alignment, overlap and order. Addresses beyond 52 bits
 * are cut off. If the array is full, the smallest usable range is dropped (see dropped_bytes), so
 * that no range that must not be touched is lost. Context: boot. Errors: ERROR_INVALID (no such
 * kind), ERROR_RANGE (the array is full of ranges that are not usable).
 */
must_check int memory_map_add(struct memory_map *map, physical_t base, uint64_t bytes,
                              enum memory_kind kind);

/*
 * Marks a range, rounded out to whole pages, as a kind other than MEMORY_USABLE. Context: boot.
 * Errors: ERROR_INVALID (no such kind, or MEMORY_USABLE), ERROR_RANGE (the array is full of ranges
 * that are not usable).
 */
must_check int memory_map_reserve(struct memory_map *map, physical_t base, uint64_t bytes,
                                  enum memory_kind kind);

/*
 * Takes `bytes` of usable memory, rounded up to whole pages, before the frame allocator works, and
 * marks them MEMORY_KERNEL. Takes the lowest place at or above 1 MiB, else the lowest of all,
 * because some uses need the first megabyte. `alignment_bytes` is a power of two and at least a
 * page; the memory lies below `limit` and is not zeroed. Context: boot. Errors: ERROR_NO_MEMORY,
 * ERROR_INVALID (size or alignment), ERROR_RANGE (the map is full); *out is then unchanged.
 */
must_check int boot_frame_allocate(struct memory_map *map, uint64_t bytes, uint64_t alignment_bytes,
                                   physical_t limit, physical_t *out);

/*
 * Takes the lowest `bytes` of usable memory above page 0 and below `end`, and marks them
 * MEMORY_KERNEL. Context: boot. Errors: ERROR_NO_MEMORY, ERROR_RANGE (the map is full); *out is
 * then unchanged.
 */
must_check int memory_map_take_low(struct memory_map *map, uint64_t bytes, physical_t end,
                                   physical_t *out);

/* Returns the range that holds an address, or a null pointer. Context: ANY. */
const struct memory_range *memory_map_find(const struct memory_map *map, physical_t address);

/*
 * Returns true if a byte of [base, base + bytes) is RAM that a device's registers cannot overlap:
 * below 640 KiB, or of a kind that is usable, the kernel's, or holds ACPI tables. Context: ANY.
 */
bool memory_map_has_ram(const struct memory_map *map, physical_t base, uint64_t bytes);

/* Returns the bytes in all ranges of one kind. Context: ANY. */
uint64_t memory_map_bytes(const struct memory_map *map, enum memory_kind kind);

/* Returns the address behind the highest range of a kind; 0 if there is none. Context: ANY. */
physical_t memory_map_top(const struct memory_map *map, enum memory_kind kind);
