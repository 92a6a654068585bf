/*
 * Reading or writing a stream by a ring in shared memory (user/lib/ring.h): bytes do not go through
 * messages. A server that has files serves it for a stream that it opened. It owns the memory, so a
 * client that ends or breaks the ring harms nobody.
 */
#pragma once

#include "user/protocol/protocol.h"

#define RINGS_PROTOCOL 7

/* clang-format off */
#define RINGS_OPERATIONS(OPERATION) \
    OPERATION(1, begin, "", "filler: handle the same stream, with a ring", \
        "NOT_FOUND, QUOTA, NO_MEMORY, UNSUPPORTED", \
        "Gives a stream a ring: one to write, if the stream may be written, else one to read. The server has a few rings, and takes that of the stream which got its ring first.") \
    OPERATION(2, memory, "", "memory: handle to be mapped to read and write; bytes: value", \
        "NOT_FOUND", \
        "Asks a stream with a ring for the memory of it.") \
    OPERATION(3, fill, "at: value the position", "filled: value", \
        "NOT_FOUND, NO_RIGHT, CORRUPT", \
        "Writes bytes into the ring, as many as there are and as there is room for; none at the end. ERROR_NOT_FOUND: the stream has no ring any more. ERROR_NO_RIGHT: the ring is one to write.") \
    OPERATION(4, drain, "at: value the position, or BYTES_END to append", "drained: value", \
        "NOT_FOUND, NO_RIGHT, QUOTA, CORRUPT", \
        "Writes what is in the ring to the stream. If it cannot write all of it, it drops what is left. ERROR_QUOTA: there is no room; nothing was written. ERROR_NOT_FOUND: the stream has no ring any more. ERROR_NO_RIGHT: the ring is one to read.")
/* clang-format on */
