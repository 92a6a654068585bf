/*
 * The access of the parsers of firmware tables to physical memory. A parser asks for a range and
 * gets a pointer to it, or a null pointer if it cannot be read; so a test can supply any bytes at
 * any address.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct physical_reader {
    /* Returns the bytes [address, address + bytes), not aligned, or a null pointer. */
    const void *(*map)(void *context, physical_t address, uint64_t bytes);
    void *context;
};

/*
 * Returns the bytes [address, address + bytes) of physical memory, not aligned, or a null pointer
 * if they cannot be read. Context: that of the reader.
 */
static inline const void *physical_read(const struct physical_reader *reader, physical_t address,
                                        uint64_t bytes)
{
    return reader->map(reader->context, address, bytes);
}

/*
 * Reads through the direct map of the boot page tables, which show the first 4 GiB. Above, it adds
 * the GiB that is asked for to these tables, a limited number of times, if the CPU has the address
 * and the direct map reaches it. Context: boot, before the kernel's own page tables are loaded;
 * later for addresses that these map.
 */
extern const struct physical_reader physical_reader_boot;
