/*
 * The map of physical memory: firmware's ranges, made consistent, and the ranges that the kernel
 * has taken during boot.
 *
 * Every function keeps this invariant: ranges are sorted by address, consist of whole pages, are
 * not empty and do not overlap, and adjacent ranges of one kind are merged. An address in no range
 * is not memory.
 *
 * Firmware maps are unsorted, and their ranges may overlap and need not be whole pages. Where
 * ranges overlap, the kind listed later in `enum memory_kind` wins, so doubtful memory is not used.
 * A usable range shrinks to whole pages and a range of any other kind grows to them. The result
 * does not depend on the order of calls.
 *
 * Functions that change a map run on one processor at boot, before frame_init(), without locks.
 */
#pragma once

#include <stdint.h>

#include "arch/x86_64/cpu/types.h"
#include "lib/compiler.h"

#define MEMORY_RANGE_MAX 128

/*
 * The kinds of memory, in increasing order of the harm that it would do to use the memory for
 * something else. Where ranges overlap, the later kind wins.
 */
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

/* Returns the name of a kind for listings, such as "usable", or "unknown". Context: ANY. */
const char *memory_kind_name(enum memory_kind kind);

/* Makes the map empty. A zeroed map is empty as well. Context: boot. */
void memory_map_init(struct memory_map *map);

/*
 * Adds a range of firmware's map. Ranges may come in any order, with any alignment, and may
 * overlap. The part of a range beyond 52 address bits is cut off, and an empty range is ignored. If
 * the array is full, drops the smallest usable range (see dropped_bytes) and keeps the ranges that
 * must not be touched. Context: boot. Errors: ERROR_INVALID (no such kind), ERROR_RANGE (the array
 * is full of ranges that are not usable).
 */
must_check int memory_map_add(struct memory_map *map, physical_t base, uint64_t bytes,
                              enum memory_kind kind);

/*
 * Marks a range, rounded outwards to whole pages, as being of a kind other than MEMORY_USABLE.
 * Parts that are already of a later kind keep it. Context: boot. Errors: ERROR_INVALID (no such
 * kind, or MEMORY_USABLE), ERROR_RANGE (the array is full of ranges that are not usable).
 */
must_check int memory_map_reserve(struct memory_map *map, physical_t base, uint64_t bytes,
                                  enum memory_kind kind);

/*
 * Allocates `bytes` of usable memory, rounded up to whole pages, and marks them MEMORY_KERNEL. For
 * use before the frame allocator works. Takes the lowest address at or above 1 MiB, because some
 * uses need the first megabyte; if none fits there, the lowest address of all. The memory lies
 * below the address `limit` and is not zeroed. `alignment_bytes` is a power of two and at least
 * PAGE_BYTES. Context: boot. Errors: ERROR_NO_MEMORY, ERROR_INVALID (size or alignment),
 * ERROR_RANGE (the map is full); *out is then unchanged.
 */
must_check int boot_frame_allocate(struct memory_map *map, uint64_t bytes, uint64_t alignment_bytes,
                                   physical_t limit, physical_t *out);

/*
 * Allocates the lowest `bytes` of usable memory above page 0 and below the address `end`, marks
 * them MEMORY_KERNEL and stores their address. Context: boot. Errors: ERROR_NO_MEMORY, ERROR_RANGE
 * (the map is full); *out is then unchanged.
 */
must_check int memory_map_take_low(struct memory_map *map, uint64_t bytes, physical_t end,
                                   physical_t *out);

/* Returns the range that contains an address, or a null pointer if none does. Context: ANY. */
const struct memory_range *memory_map_find(const struct memory_map *map, physical_t address);

/*
 * Returns true if a byte of [base, base + bytes) is RAM, so that the range cannot hold the
 * registers of a device. Everything below 640 KiB counts as RAM, and so do the kinds usable, kernel
 * and ACPI tables. Context: ANY.
 */
bool memory_map_has_ram(const struct memory_map *map, physical_t base, uint64_t bytes);

/* Returns the sum of the sizes in bytes of all ranges of one kind. Context: ANY. */
uint64_t memory_map_bytes(const struct memory_map *map, enum memory_kind kind);

/* Returns the end address of the highest range of a kind, or 0 if there is none. Context: ANY. */
physical_t memory_map_top(const struct memory_map *map, enum memory_kind kind);
