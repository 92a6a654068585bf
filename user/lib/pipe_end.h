/*
 * An end of a pipe: a ring in shared memory (ring.h) and two notifications. The writer waits on
 * `room`, the reader on `data`. A side that ends closes its handles, so the other one's wait ends
 * with ERROR_PEER_DIED: for a reader that is the end of the stream.
 */
#pragma once

#include "user/lib/ring.h"

#define PIPE_BYTES 0x4000UL /* of shared memory */

struct pipe_end {
    uint32_t data, room; /* signalled after writing, after reading */
    struct ring_side ring;
};

/*
 * Makes the end of the handles that the program was given. Errors: those of memory_map();
 * ERROR_INVALID (the memory is too small).
 */
must_check int pipe_end_open(struct pipe_end *end, uint32_t memory, uint32_t data, uint32_t room);

/*
 * Reads up to `bytes` bytes; waits until there is at least one. Returns how many; 0 at the end.
 * Errors: ERROR_CORRUPT (the writer broke the pipe).
 */
must_check int64_t pipe_end_read(struct pipe_end *end, void *to, size_t bytes);

/*
 * Writes all the bytes; waits while the pipe is full. Errors: ERROR_PEER_DIED (nobody reads it any
 * more), ERROR_CORRUPT (the reader broke the pipe).
 */
must_check int pipe_end_write(struct pipe_end *end, const void *from, size_t bytes);
