/* See stream.h. */
#include "user/lib/stream.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/bytes_protocol.h"
#include "user/lib/fatal.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

static struct stream streams[3]; /* input, output, complaints */
static bool streams_are_set;

void stream_open(struct stream *stream, uint32_t server)
{
    *stream = (struct stream){.server = server};
}

/* Makes a stream of the handles that the program was given from this one on. */
static void stream_take(struct stream *stream, enum program_handle first)
{
    const uint32_t *given = program_start.handles + first;

    if (given[1] == 0) { /* without a notification this is no pipe */
        stream_open(stream, given[0]);
    } else if (pipe_end_open(&stream->pipe, given[0], given[1], given[2]) != OK) {
        fatal("the pipe cannot be mapped");
    }
}

static struct stream *stream_of(unsigned number)
{
    if (!streams_are_set) {
        streams_are_set = true;
        stream_take(&streams[0], PROGRAM_HANDLE_INPUT);
        stream_take(&streams[1], PROGRAM_HANDLE_OUTPUT);
        stream_open(&streams[2], program_start.handles[PROGRAM_HANDLE_COMPLAINTS]);
    }
    return &streams[number];
}

struct stream *stream_input(void)
{
    return stream_of(0);
}

struct stream *stream_output(void)
{
    return stream_of(1);
}

struct stream *stream_complaints(void)
{
    return stream_of(2);
}

void stream_ring_begin(struct stream *stream)
{
    if (!stream->asked_for_ring) {
        stream->asked_for_ring = true;
        ignore_result(file_ring_begin(&stream->ring, stream->server));
    }
}

int64_t stream_read(struct stream *stream, void *to, size_t bytes)
{
    size_t room = bytes < PROTOCOL_BYTES_MAX ? bytes : PROTOCOL_BYTES_MAX, read;
    int64_t error;

    if (stream->server == 0) {
        return stream->pipe.ring.shared == NULL ? 0 : pipe_end_read(&stream->pipe, to, bytes);
    }
    if (stream->position >= STREAM_RING_BYTES) {
        stream_ring_begin(stream);
    }
    if (stream->ring.filler != 0) {
        error = file_ring_read(&stream->ring, stream->position, to, bytes);
        if (error != ERROR_NOT_FOUND) {
            stream->position += error > 0 ? (uint64_t)error : 0;
            return error;
        }
        file_ring_end(&stream->ring); /* another stream has it: this goes on by messages */
    }
    error = bytes_read(stream->server, stream->position, room, to, room, &read);
    stream->position += read;
    return error < 0 ? error : (int64_t)read;
}

/* Writes some bytes to a server. Returns how many, which is what the server says. */
static int64_t some_write(struct stream *stream, const void *from, size_t bytes)
{
    size_t piece = bytes < PROTOCOL_BYTES_MAX ? bytes : PROTOCOL_BYTES_MAX;
    uint64_t written;
    int64_t error;

    if (bytes > piece && stream->ring.filler != 0) {
        error = file_ring_write(&stream->ring, stream->position, from, bytes);
        if (error != ERROR_NOT_FOUND) {
            return error;
        }
        file_ring_end(&stream->ring); /* another stream has it: this goes on by messages */
    }
    error = bytes_write(stream->server, stream->position, from, piece, &written);
    return error < 0 ? error : (int64_t)written;
}

int stream_write(struct stream *stream, const void *from, size_t bytes)
{
    const char *next = from;
    int64_t written;

    if (stream->server == 0) {
        return stream->pipe.ring.shared == NULL ? OK : pipe_end_write(&stream->pipe, from, bytes);
    }
    if (bytes >= STREAM_RING_BYTES) {
        stream_ring_begin(stream);
    }
    while (bytes > 0) {
        written = some_write(stream, next, bytes);
        if (written <= 0 || (uint64_t)written > bytes) {
            return written < 0 ? (int)written : ERROR_CORRUPT;
        }
        stream->position += (uint64_t)written;
        next += written;
        bytes -= (size_t)written;
    }
    return OK;
}

/* Text on its way to a stream, and the first error of a write. */
struct printing {
    struct stream *stream;
    size_t used;
    int error;
    char text[512];
};

static void printing_flush(struct printing *printing)
{
    int error = stream_write(printing->stream, printing->text, printing->used);

    printing->error = printing->error != OK ? printing->error : error;
    printing->used = 0;
}

/* The format_put of stream_print(). */
static void put(void *context, const char *text, size_t bytes)
{
    struct printing *printing = context;

    for (size_t i = 0; i < bytes; i++) {
        if (printing->used == sizeof(printing->text)) {
            printing_flush(printing);
        }
        printing->text[printing->used++] = text[i];
    }
}

int stream_print_list(struct stream *stream, const char *format, va_list arguments)
{
    struct printing printing = {.stream = stream, .error = OK};

    format_write(put, &printing, format, arguments);
    printing_flush(&printing);
    return printing.error;
}

int stream_print(struct stream *stream, const char *format, ...)
{
    va_list arguments;
    int error;

    va_start(arguments, format);
    error = stream_print_list(stream, format, arguments);
    va_end(arguments);
    return error;
}

int64_t line_read(struct line_reader *reader, char *line, size_t size)
{
    size_t used = 0;

    reader->was_cut = false;
    for (;;) {
        if (reader->begin == reader->end) {
            int64_t read = stream_read(reader->stream, reader->bytes, sizeof(reader->bytes));

            if (read <= 0) {
                line[used] = '\0';
                return read < 0 ? read : used > 0;
            }
            reader->begin = 0;
            reader->end = (size_t)read;
        }
        char byte = reader->bytes[reader->begin++];
        if (byte == '\n') {
            line[used] = '\0';
            return 1;
        }
        if (used < size - 1) {
            line[used++] = byte;
        } else {
            reader->was_cut = true;
        }
    }
}
