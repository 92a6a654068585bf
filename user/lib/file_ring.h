/*
 * A file that is read or written by a ring in memory shared with its server
 * (user/protocol/rings.h).
 */
#pragma once

#include "user/lib/ring.h"

struct file_ring {
    uint32_t filler; /* the stream that fills or drains the ring; 0: there is none */
    void *pages;
    size_t bytes; /* of the pages */
    struct ring_side side;
};

/*
 * Gives a stream of a server a ring. Errors: those of the server and of memory_map(); then the
 * stream is read and written by messages.
 */
must_check int file_ring_begin(struct file_ring *ring, uint32_t server);

/*
 * Reads up to `bytes` bytes at a position; each call goes on where the one before ended. Returns
 * how many; 0 at the end. Errors: those of the server; ERROR_NOT_FOUND: the ring is gone, and may
 * be ended.
 */
must_check int64_t file_ring_read(struct file_ring *ring, uint64_t at, void *to, size_t bytes);

/*
 * Writes up to `bytes` bytes at a position, as many as the ring holds. Returns how many. Errors:
 * those of the server, and nothing was written; ERROR_NOT_FOUND: the ring is gone, and may be
 * ended.
 */
must_check int64_t file_ring_write(struct file_ring *ring, uint64_t at, const void *from,
                                   size_t bytes);

/* Ends the use of the ring, if there is one. */
void file_ring_end(struct file_ring *ring);
