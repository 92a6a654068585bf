/*
 * Streams of bytes: what a program reads from and writes to. A stream is one end of a pipe
 * (user/lib/pipe_end.h), or an object of a server: an open file, or the console.
 */
#pragma once

#include "lib/format.h"
#include "lib/program_start.h"
#include "user/lib/file_ring.h"
#include "user/lib/pipe_end.h"

/* What is smaller goes by fewer messages than it takes to begin a ring. */
#define STREAM_RING_BYTES 16384

struct stream {
    uint32_t server;   /* of the protocol bytes; 0: this is a pipe, or nothing */
    uint64_t position; /* where the next read or write begins, in a file */
    struct pipe_end pipe;
    struct file_ring ring; /* of a file that is read or written by much at a time */
    bool asked_for_ring;
};

/*
 * Return the streams that the program was given: its input, its output, and its output for
 * complaints. A stream that it was not given is empty when it is read, and drops what is written.
 * Only one thread at a time may call these.
 */
struct stream *stream_input(void);
struct stream *stream_output(void);
struct stream *stream_complaints(void);

/*
 * Makes *stream a stream to an object of a server, at position 0. `server` is a handle to an
 * endpoint of the protocol "bytes".
 */
void stream_open(struct stream *stream, uint32_t server);

/*
 * Asks the server of a stream for a ring, unless it was asked before. Without one, messages do.
 * stream_read() and stream_write() call it where it is worth it.
 */
void stream_ring_begin(struct stream *stream);

/*
 * Reads up to `bytes` bytes; waits until there is at least one. Returns how many; 0 at the end.
 * Errors: those of the server; ERROR_CORRUPT (a pipe whose other side broke it).
 */
must_check int64_t stream_read(struct stream *stream, void *to, size_t bytes);

/*
 * Writes all the bytes; waits while a pipe is full. Errors: those of the server; ERROR_PEER_DIED (a
 * pipe that nobody reads any more), ERROR_CORRUPT (a pipe whose other side broke it, or a server
 * that answers with an impossible count).
 */
must_check int stream_write(struct stream *stream, const void *from, size_t bytes);

/* Writes a text, formatted as lib/format.h says. Errors: as for stream_write(). */
int stream_print(struct stream *stream, const char *format, ...) printf_like(2, 3);
int stream_print_list(struct stream *stream, const char *format, va_list arguments)
    printf_like(2, 0);

/* Reads a stream line by line. To begin, zero it and set `stream`. */
struct line_reader {
    struct stream *stream;
    size_t begin, end; /* of the bytes that were read and not returned yet */
    bool was_cut;      /* the last line */
    char bytes[1024];
};

/*
 * Stores the next line without its end, terminated, and cut to `size` - 1 bytes, which `was_cut`
 * tells. Returns 1; 0 at the end. Errors: those of stream_read().
 */
must_check int64_t line_read(struct line_reader *reader, char *line, size_t size);
