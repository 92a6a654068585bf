/*
 * Streams of bytes: what a program reads from and writes to. A stream is one end of a pipe
 * (user/lib/pipe_end.h), or something that a server has: an open file, or the console.
 */
#pragma once

#include "lib/format.h"
#include "lib/program_start.h"
#include "user/lib/pipe_end.h"

struct stream {
    uint32_t server;   /* of the protocol bytes; 0: this is a pipe, or nothing */
    uint64_t position; /* in what the server has */
    struct pipe_end pipe;
};

/*
 * Return what the program was given as its input, its output, and for complaints. A program that
 * was given nothing reads an empty stream, and what it writes is lost. Not for several threads at
 * once.
 */
struct stream *stream_input(void);
struct stream *stream_output(void);
struct stream *stream_complaints(void);

/* Makes *stream one that a server has, from its beginning. */
void stream_open(struct stream *stream, uint32_t server);

/*
 * Reads up to `bytes` bytes; waits until there is at least one. Returns how many; 0 at the end.
 * Errors: those of the server; ERROR_CORRUPT (a pipe whose other side broke it).
 */
must_check int64_t stream_read(struct stream *stream, void *to, size_t bytes);

/*
 * Writes all the bytes; waits while a pipe is full. Errors: those of the server; ERROR_PEER_DIED (a
 * pipe that nobody reads any more), ERROR_CORRUPT.
 */
must_check int stream_write(struct stream *stream, const void *from, size_t bytes);

/* Writes a text, formatted as lib/format.h says. Errors: as for stream_write(). */
int stream_print(struct stream *stream, const char *format, ...) printf_like(2, 3);
int stream_print_list(struct stream *stream, const char *format, va_list arguments)
    printf_like(2, 0);

/* Reads line by line. A zeroed one with `stream` set is ready. */
struct line_reader {
    struct stream *stream;
    size_t begin, end; /* of what was read and not given yet */
    char bytes[1024];
};

/*
 * Stores the next line without its end, terminated, and cut to `size` - 1 bytes. Returns 1; 0 at
 * the end. Errors: those of stream_read().
 */
must_check int64_t line_read(struct line_reader *reader, char *line, size_t size);
