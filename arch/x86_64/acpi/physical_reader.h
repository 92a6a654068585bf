/*
 * How parsers of firmware tables see physical memory. They ask for a piece and get a pointer to it,
 * or a null pointer when it cannot be had; so a test can feed them any bytes at any address.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct physical_reader {
    /* The bytes [address, address + bytes), or a null pointer. No alignment is promised. */
    const void *(*map)(void *context, physical_t address, uint64_t bytes);
    void *context;
};

static inline const void *physical_read(const struct physical_reader *reader, physical_t address,
                                        uint64_t bytes)
{
    return reader->map(reader->context, address, bytes);
}

/*
 * Reads through the direct map, below 4 GiB only: what the boot page tables show. Firmware keeps
 * its tables there. For the time before the kernel's own page tables, which need not map them.
 */
extern const struct physical_reader physical_reader_boot;
