/* See rings.h. */
#include "user/stress/rings.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/files_protocol.h"
#include "user/lib/file.h"
#include "user/lib/message_buffer.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"
#include "user/rings_protocol.h"
#include "user/syscalls.h"

#define STATUS_WRONG 1
#define PATH         "rings"
#define PATH_LIES    "rings.lies"
#define BYTES        50000 /* more than a ring holds */
#define STEP         16384 /* the least that goes by a ring */
#define PERIOD       251   /* a prime, so pieces of a ring differ */

static uint8_t bytes[BYTES], back[BYTES];

/* Values that the liar publishes as its position. */
static const uint64_t lies[] = {1, UINT64_MAX, 1UL << 63, 32769, 65536, 0};

static bool is_over;

static int file_make(const char *path, struct stream *stream)
{
    uint64_t size;

    return file_open(path, FILES_WRITE | FILES_CREATE | FILES_TRUNCATE, stream, &size);
}

static void file_remove(const char *path)
{
    ignore_result(files_remove(files_server(), path, strlen(path))); /* it may not be there */
}

/* Whether the server's answer to a lie is one that it should give. */
static bool answer_is_right(int64_t error)
{
    return error >= 0 || error == ERROR_CORRUPT || error == ERROR_QUOTA ||
           error == ERROR_NOT_FOUND; /* the ring is gone: others have begun rings */
}

/*
 * Publishes lies in rings of its own, and has the server look at them. A lie of a possible length
 * is only bytes: a file gets them. Returns OK, or what the server should not answer.
 */
static int64_t lies_tell(void)
{
    struct stream stream;
    uint64_t count;
    int64_t error = file_make(PATH_LIES, &stream);

    if (error != OK) {
        return error;
    }
    for (unsigned i = 0; i < array_length(lies) && error == OK; i++) {
        error = file_ring_begin(&stream.ring, stream.server);
        if (error != OK) {
            break;
        }
        volatile struct ring_shared *shared = stream.ring.side.shared;
        shared->written = lies[i];
        shared->read = lies[array_length(lies) - 1 - i];
        error = rings_drain(stream.ring.filler, lies[i], &count);
        error = answer_is_right(error) ? rings_fill(stream.ring.filler, 0, &count) : error;
        error =
            error == ERROR_NO_RIGHT || error == ERROR_NOT_FOUND ? OK : error; /* it is to write */
        file_ring_end(&stream.ring);
    }
    file_close(&stream);
    return error;
}

/* The liar: a thread that changes the positions of a ring while the server reads them. */
static int lie(void *argument)
{
    volatile struct ring_shared *shared = argument;

    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
        shared->written += 4096;
        shared->read = shared->written ^ 1;
        shared->written -= 1;
    }
    return 0;
}

/* Has the server drain a ring whose positions another thread changes all the while. */
static int64_t race(void)
{
    struct stream stream;
    struct thread thread;
    uint64_t count;
    int64_t error = file_make(PATH_LIES, &stream);

    if (error != OK) {
        return error;
    }
    error = file_ring_begin(&stream.ring, stream.server);
    is_over = false;
    if (error == OK) {
        error = thread_create(&thread, lie, stream.ring.side.shared, NULL);
    }
    if (error == OK) {
        for (unsigned i = 0; i < 20 && answer_is_right(error); i++) {
            error = rings_drain(stream.ring.filler, 0, &count);
        }
        __atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
        ignore_result(thread_join(&thread)); /* 0 */
        error = answer_is_right(error) ? OK : error;
    }
    file_close(&stream);
    return error;
}

/* Reads the file from its beginning, and compares. */
static int64_t compare(size_t size)
{
    struct stream stream;
    uint64_t its_size;
    size_t all = 0;
    int64_t read = file_open(PATH, 0, &stream, &its_size);

    if (read != OK) {
        return read;
    }
    do {
        read = stream_read(&stream, back + all, sizeof(back) - all);
        all += read > 0 ? (size_t)read : 0;
    } while (read > 0 && all < sizeof(back));
    file_close(&stream);
    return read < 0                          ? read
           : its_size != size || all != size ? ERROR_TOO_LONG
           : memcmp(bytes, back, size) != 0  ? ERROR_CORRUPT
                                             : OK;
}

/* Writes the bytes by a ring in pieces of several lengths. */
static int64_t write_and_compare(uint64_t round)
{
    struct stream stream;
    size_t first = STEP + (size_t)(round * 1000 % (BYTES - 2 * STEP));
    int64_t error = file_make(PATH, &stream);

    if (error != OK) {
        return error;
    }
    error = stream_write(&stream, bytes, first);
    if (error == OK) {
        error = stream_write(&stream, bytes + first, BYTES - first);
    }
    error = error == OK && stream.ring.filler == 0 ? ERROR_UNSUPPORTED : error;
    file_close(&stream);
    return error == OK ? compare(BYTES) : error;
}

/* Writes pieces until the tree is full. Returns the error, and stores the size. */
static int64_t fill(size_t piece, uint64_t *size)
{
    struct stream stream;
    uint64_t kind;
    int64_t error = file_make(PATH, &stream);

    if (error != OK) {
        return error;
    }
    while (error == OK) {
        error = stream_write(&stream, bytes, piece);
    }
    file_close(&stream);
    int64_t status = files_status(files_server(), PATH, strlen(PATH), &kind, size);
    file_remove(PATH);
    return status < 0 ? status : error;
}

/* Fills the tree by messages and by a ring: error and size are the same. */
static int64_t fill_both(uint64_t *size)
{
    uint64_t other = 0;
    int64_t first = fill(PROTOCOL_BYTES_MAX, size), second = fill(STEP, &other);

    if (first != ERROR_QUOTA || second != ERROR_QUOTA || *size != other) {
        complain("messages end with %s at %lu bytes, a ring with %s at %lu", error_name((int)first),
                 *size, error_name((int)second), other);
        return ERROR_CORRUPT;
    }
    return OK;
}

int rings_run(uint64_t rounds)
{
    uint64_t size = 0;
    const char *what = "to fill the tree";

    for (size_t i = 0; i < BYTES; i++) {
        bytes[i] = (uint8_t)(i % PERIOD);
    }
    int64_t error = fill_both(&size);
    for (uint64_t round = 0; round < rounds && error == OK; round++) {
        what = "lies";
        error = lies_tell();
        if (error == OK) {
            what = "a race";
            error = race();
        }
        if (error == OK) {
            what = "to write";
            error = write_and_compare(round);
        }
    }
    file_remove(PATH);
    file_remove(PATH_LIES);
    if (error != OK) {
        complain("%s: %s", what, error_name((int)error));
        return STATUS_WRONG;
    }
    printf("full at %lu bytes by messages and by a ring; %lu rounds of lies, and what was written "
           "is right",
           size, rounds);
    return 0;
}
