/* The shell's own end of a pipe, by which one of its commands begins a pipeline. */
#pragma once

#include "user/lib/pipe.h"
#include "user/lib/stream.h"

/* A zeroed one is not open. */
struct pipe_writer {
    bool is_open;
    struct pipe own; /* its handles, without the memory's */
    struct stream stream;
};

/*
 * Opens the end at which the pipe is written, with handles of its own: when the reader is gone, a
 * write ends with ERROR_PEER_DIED. Errors: those of handle_duplicate() and memory_map().
 */
must_check int pipe_writer_open(struct pipe_writer *writer, const struct pipe *pipe);

/* Closes it. The reader comes to the end of the stream. */
void pipe_writer_close(struct pipe_writer *writer);
