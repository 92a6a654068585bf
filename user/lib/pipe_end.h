/*
 * An end of a pipe: a ring in shared memory (ring.h) and two notifications. The writer waits on
 * `room`, the reader on `data`. When one side's program ends, its handles are closed, and the other
 * side's wait ends with ERROR_PEER_DIED. For a reader that is the end of the stream.
 */
#pragma once

#include "user/lib/ring.h"

#define PIPE_BYTES 0x4000UL /* of shared memory */

struct pipe_end {
    uint32_t data, room; /* `data` is signalled after writing, `room` after reading */
    struct ring_side ring;
};

/*
 * Opens an end of a pipe with the handles that the program was given. Errors: those of
 * memory_map(); ERROR_INVALID (the memory is too small).
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
