/*
 * A ring of bytes in memory that two programs share: one writes, the other reads. Neither trusts
 * the other: each keeps its own position to itself and checks the position that the other publishes
 * in the shared memory, so a peer that lies cannot lead it out of the ring. These functions do not
 * wait. Callers that want to wait use notifications: a writer signals after it has written, a
 * reader after it has read.
 *
 * On each side, one thread at a time may use the ring.
 */
#pragma once

#include "lib/compiler.h"

/*
 * What lies in the shared memory. Positions only grow; their difference is the number of bytes in
 * it.
 */
struct ring_shared {
    uint64_t written aligned_to(64);
    uint64_t read aligned_to(64);
    uint8_t bytes[] aligned_to(64);
};

/* One side's own view. */
struct ring_side {
    struct ring_shared *shared;
    uint64_t capacity;
    uint64_t position; /* bytes written so far, for the writer; bytes read so far, for the reader */
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

/*
 * The ring without a copy. ring_room() stores a place where bytes can be written, ring_content()
 * one where bytes can be read; both return how many at once, which is fewer than ring_write() and
 * ring_read() would do if the rest lies at the start of the ring. What the side has done there it
 * publishes by ring_written() or ring_taken(), of at most as many bytes. The peer can change the
 * bytes all the while. Errors: as for ring_write() and ring_read().
 */
must_check int64_t ring_room(const struct ring_side *side, uint8_t **room);
must_check int64_t ring_content(const struct ring_side *side, uint8_t **content);
void ring_written(struct ring_side *side, size_t bytes);
void ring_taken(struct ring_side *side, size_t bytes);
