/*
 * ipcbench [TIMES]: measures calls between two threads of this program, a round trip through two
 * pipes, and reads and writes at the file server. Prints the mean of each in nanoseconds of the clock,
 * which are instructions on an emulator that counts them.
 */
#include "lib/error.h"
#include "lib/format.h"
#include "lib/number.h"
#include "lib/string.h"
#include "user/bytes_protocol.h"
#include "user/files_protocol.h"
#include "user/lib/file.h"
#include "user/lib/message_buffer.h"
#include "user/lib/pipe.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define TIMES_DEFAULT 2000
#define TIMES_MOST    10000000
#define BLOCK_BYTES   4096
#define WRITTEN_BYTES 32768 /* as much as a ring holds */
#define PATH_BYTES    24    /* "ipcbench-" and a number */
#define NAME          "/file"

static uint64_t times = TIMES_DEFAULT;
static uint32_t endpoint;
static struct pipe_end forth[2], back[2]; /* of the caller, of the other thread */

/* Answers calls until nobody can call any more. */
static int call_server(void *argument maybe_unused)
{
    static struct message_place place;
    struct sys_message message = {0};
    int64_t error;

    message_place_set(&place);
    error = sys_ipc_receive(endpoint, &message);
    while (error == OK) {
        error = sys_ipc_reply_receive(endpoint, &message);
    }
    return (int)error;
}

/* Sends back each byte. */
static int pipe_server(void *argument maybe_unused)
{
    uint8_t byte;
    int error = OK;

    while (error == OK && pipe_end_read(&forth[1], &byte, 1) == 1) {
        error = pipe_end_write(&back[1], &byte, 1);
    }
    return error;
}

static int calls_make(unsigned bytes)
{
    int64_t error = OK;

    for (uint64_t i = 0; i < times && error == OK; i++) {
        struct sys_message message = {.tag = message_tag(1, 0, bytes)};

        error = sys_ipc_call(endpoint, &message);
    }
    return (int)error;
}

static int calls_short(void)
{
    return calls_make(0);
}

static int calls_long(void)
{
    return calls_make(MESSAGE_BYTES_MAX);
}

static int pipe_trips(void)
{
    uint8_t byte = 0;
    int error = OK;

    for (uint64_t i = 0; i < times && error == OK; i++) {
        error = pipe_end_write(&forth[0], &byte, 1);
        if (error == OK && pipe_end_read(&back[0], &byte, 1) != 1) {
            error = ERROR_PEER_DIED;
        }
    }
    return error;
}

static int file_reads(void)
{
    static uint8_t block[BLOCK_BYTES];
    struct stream stream;
    uint64_t size;
    size_t read;
    int64_t error = file_open("/boot/shell", 0, &stream, &size);

    if (error != OK) {
        return (int)error;
    }
    for (uint64_t i = 0; i < times && error == OK; i++) {
        error = bytes_read(stream.server, 0, sizeof(block), block, sizeof(block), &read);
    }
    file_close(&stream);
    return (int)error;
}

/* Reads a file from its beginning to its end, again and again, by the ring that it has. */
static int ring_reads(void)
{
    static uint8_t block[BLOCK_BYTES];
    struct stream stream;
    uint64_t size;
    int64_t read = file_open("/boot/shell", 0, &stream, &size);

    if (read != OK) {
        return (int)read;
    }
    for (uint64_t i = 0; i < times && read >= 0; i++) {
        read = stream_read(&stream, block, sizeof(block));
        if (read == 0) {
            stream.position = 0; /* the ring is empty */
            i--;
        }
    }
    file_close(&stream);
    return read < 0 ? (int)read : OK;
}

/* Makes an empty directory that no other instance of this program has. `path` holds PATH_BYTES. */
static int directory_make(char *path)
{
    int error = ERROR_EXISTS;

    for (unsigned i = 0; error == ERROR_EXISTS; i++) {
        format_string(path, PATH_BYTES, "ipcbench-%u", i);
        error = files_make_directory(files_server(), path, strlen(path));
    }
    return error;
}

/*
 * Writes a file of WRITTEN_BYTES again and again: by its ring, or, in pieces that are too small for
 * that, by messages.
 */
static int file_writes_at(const char *path, size_t piece)
{
    static uint8_t bytes[WRITTEN_BYTES];
    struct stream stream;
    uint64_t size;
    size_t at = 0;
    int error = file_open(path, FILES_WRITE | FILES_CREATE, &stream, &size);

    if (error != OK) {
        return error;
    }
    for (uint64_t left = times * BLOCK_BYTES; left > 0 && error == OK; left -= piece) {
        piece = piece < left ? piece : left;
        stream.position = at;
        error = stream_write(&stream, bytes, piece);
        at = (at + piece) % WRITTEN_BYTES;
    }
    file_close(&stream);
    return error;
}

static int file_writes(size_t piece)
{
    char directory[PATH_BYTES], path[PATH_BYTES + sizeof(NAME)];
    int error = directory_make(directory);

    if (error != OK) {
        return error;
    }
    format_string(path, sizeof(path), "%s" NAME, directory);
    error = file_writes_at(path, piece);
    /* Both were made here. The file is missing if it could not be made. */
    ignore_result(files_remove(files_server(), path, strlen(path)));
    ignore_result(files_remove(files_server(), directory, strlen(directory)));
    return error;
}

static int message_writes(void)
{
    return file_writes(BLOCK_BYTES);
}

static int ring_writes(void)
{
    return file_writes(WRITTEN_BYTES);
}

/* Measures `times` rounds. Returns whether they went well. */
static bool measure(const char *name, int (*rounds)(void))
{
    uint64_t begin = (uint64_t)sys_clock_read();
    int error = rounds();
    uint64_t ns = (uint64_t)sys_clock_read() - begin;

    if (error != OK) {
        complain("%s: %s", name, error_name(error));
        return false;
    }
    return stream_print(stream_output(), "BENCH %s %lu ns\n", name, ns / times) == OK;
}

/* Opens both ends of a pipe in this program. */
static int pipe_open(struct pipe_end *writer, struct pipe_end *reader)
{
    struct pipe pipe;
    int error = pipe_create(&pipe);

    if (error == OK) {
        error = pipe_end_open(writer, pipe.memory, pipe.data, pipe.room);
    }
    return error == OK ? pipe_end_open(reader, pipe.memory, pipe.data, pipe.room) : error;
}

static int servers_start(void)
{
    struct thread thread;
    int64_t made = sys_endpoint_create();
    int error = made < 0 ? (int)made : OK;

    endpoint = (uint32_t)made;
    if (error == OK) {
        error = pipe_open(&forth[0], &forth[1]);
    }
    if (error == OK) {
        error = pipe_open(&back[1], &back[0]);
    }
    if (error == OK) {
        error = thread_create(&thread, call_server, NULL, NULL);
    }
    return error == OK ? thread_create(&thread, pipe_server, NULL, NULL) : error;
}

int main(unsigned count, char **words)
{
    int error;

    if (count > 2 || (count == 2 && (number_parse_u64(words[1], &times) != OK || times == 0 ||
                                     times > TIMES_MOST))) {
        complain("usage: ipcbench [TIMES]");
        return 2;
    }
    (void)message_buffer(); /* the kernel knows it from now on */
    error = servers_start();
    if (error != OK) {
        complain("%s", error_name(error));
        return 1;
    }
    bool done = measure("ipc_call_short", calls_short) & measure("ipc_call_4k", calls_long) &
                measure("pipe_roundtrip", pipe_trips) & measure("file_read_4k", file_reads) &
                measure("file_ring_4k", ring_reads) & measure("file_write_4k", message_writes) &
                measure("file_ring_write_4k", ring_writes);
    program_exit(done ? 0 : 1); /* the servers end with it */
}
