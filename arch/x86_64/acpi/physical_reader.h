/*
 * The interface by which parsers of firmware tables read physical memory. A parser asks for a range
 * and gets a pointer to its bytes, or a null pointer if the range cannot be read. A test supplies
 * its own reader, with any bytes at any address.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct physical_reader {
    /* Returns a pointer, perhaps not aligned, to [address, address + bytes), or a null pointer. */
    const void *(*map)(void *context, physical_t address, uint64_t bytes);
    void *context;
};

/*
 * Returns a pointer, perhaps not aligned, to the bytes [address, address + bytes) of physical
 * memory, or a null pointer if they cannot be read. Context: that of reader->map: boot for
 * physical_reader_boot, ANY for a reader that only looks up bytes.
 */
static inline const void *physical_read(const struct physical_reader *reader, physical_t address,
                                        uint64_t bytes)
{
    return reader->map(reader->context, address, bytes);
}

/*
 * The reader of real memory, through the direct map. The boot page tables map the first 4 GiB of
 * memory. For a higher address the reader maps the GiB that holds it, but only a few GiB in all. It
 * refuses addresses that the CPU does not have or that the direct map does not reach. Context:
 * boot, before the kernel's own page tables are loaded; later only for addresses that those tables
 * map.
 */
extern const struct physical_reader physical_reader_boot;
