/*
 * I/O port ranges: objects by which a program may read and write some of the processor's I/O ports,
 * with system calls.
 */
#pragma once

#include "kernel/object/object.h"

#define PORT_COUNT 0x10000u

struct port_range {
    struct object object;
    uint32_t first, count;
};

/*
 * Creates a range of some of another range's ports, with one reference, which is the caller's, and
 * no handle. Context: THREAD. Errors: ERROR_RANGE (no ports, or one lies outside of `whole`);
 * ERROR_NO_MEMORY.
 */
must_check int port_range_part(const struct port_range *whole, uint64_t first, uint64_t count,
                               struct port_range **part);

/*
 * Reads a port of the range, 1, 2 or 4 bytes wide. Context: ANY. Errors: ERROR_INVALID (another
 * width); ERROR_RANGE (a byte of it lies outside of the range).
 */
must_check int port_range_read(const struct port_range *range, uint64_t port, uint64_t width,
                               uint32_t *value);

/*
 * Writes a port of the range, 1, 2 or 4 bytes wide. Context: ANY. Errors: ERROR_INVALID (another
 * width, or a value that does not fit it); ERROR_RANGE (a byte of it lies outside of the range).
 */
must_check int port_range_write(const struct port_range *range, uint64_t port, uint64_t width,
                                uint64_t value);

/* Returns the range that an object of type OBJECT_PORTS is. Context: ANY. */
static always_inline struct port_range *port_range_of(struct object *object)
{
    return container_of(object, struct port_range, object);
}
