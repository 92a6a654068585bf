/*
 * A ring of bytes in memory that two programs share: one writes, the other reads. Neither trusts
 * the other: each keeps its own position to itself and checks the position that the other publishes
 * in the shared memory, so a peer that lies cannot lead it out of the ring. Waiting is for the
 * caller, by notifications: a writer signals after it wrote, a reader after it read.
 *
 * One thread of the writer uses it at a time, and one of the reader.
 */
#pragma once

#include "lib/compiler.h"

/* In the shared memory. The positions grow without end; their difference is the bytes in the ring. */
struct ring_shared {
    uint64_t written aligned_to(64);
    uint64_t read aligned_to(64);
    uint8_t bytes[] aligned_to(64);
};

/* One side's own view. */
struct ring_side {
    struct ring_shared *shared;
    uint64_t capacity;
    uint64_t position; /* written or read, as the side is the writer or the reader */
};

/*
 * Makes a side of the ring in `bytes` bytes of shared memory, which are zeroed. The capacity is the
 * largest power of two that fits. Errors: ERROR_INVALID (there is no room for a single byte).
 */
must_check int ring_open(struct ring_side *side, void *shared, size_t bytes);

/*
 * Writes up to `bytes` bytes, as many as there is room for, and returns how many. Errors:
 * ERROR_CORRUPT (the reader's position is impossible).
 */
must_check int64_t ring_write(struct ring_side *side, const void *from, size_t bytes);

/*
 * Reads up to `bytes` bytes, as many as there are, and returns how many. Errors: ERROR_CORRUPT (the
 * writer's position is impossible).
 */
must_check int64_t ring_read(struct ring_side *side, void *to, size_t bytes);
