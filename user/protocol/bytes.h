/*
 * A stream of bytes, such as an open file or the console. Who opens it gets an endpoint of its own
 * for it, and may pass that on as the input or the output of a program.
 */
#pragma once

#include "user/protocol/protocol.h"

#define BYTES_PROTOCOL 2
#define BYTES_END      UINT64_MAX /* as a position: behind the last byte */

/* clang-format off */
#define BYTES_OPERATIONS(OPERATION) \
    OPERATION(1, read, "at: value the position, which a console ignores; most: value bytes", "data: bytes", \
        "NO_RIGHT, NOT_FOUND, INVALID, BUSY", \
        "Reads some bytes, as many as there are up to the limit; none at the end. A console waits for a line.") \
    OPERATION(2, write, "at: value the position, or BYTES_END to append; data: bytes", "written: value", \
        "NO_RIGHT, NOT_FOUND, INVALID, QUOTA", \
        "Writes bytes. ERROR_QUOTA: there is no room; nothing was written.")
/* clang-format on */
