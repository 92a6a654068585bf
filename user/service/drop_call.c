/* See drop_call.h. */
#include "user/service/drop_call.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/files_protocol.h"
#include "user/lib/file.h"
#include "user/rings_protocol.h"

#define PATH   "dropped"
#define BYTES  32768 /* as many as a ring holds */
#define PERIOD 251   /* a prime, so pieces of the file differ */

static uint8_t bytes[BYTES], back[BYTES + 1];

static void bytes_make(void)
{
    for (size_t i = 0; i < BYTES; i++) {
        bytes[i] = (uint8_t)(i % PERIOD);
    }
}

/* Opens the file anew, to write or, with flags 0, to read. */
static int64_t open(struct drop_call *call, uint64_t flags)
{
    uint64_t size;

    return file_open(PATH, flags, &call->file, &size);
}

/* Opens the file, and begins a ring. */
static int64_t ring_begin(struct drop_call *call, uint64_t flags)
{
    int64_t error = open(call, flags);

    if (error == OK) {
        error = file_ring_begin(&call->file.ring, call->file.server);
    }
    return error;
}

/* Makes the file with all its bytes. */
static int64_t file_make(struct drop_call *call)
{
    int64_t error = open(call, FILES_WRITE | FILES_CREATE | FILES_TRUNCATE);

    bytes_make();
    if (error == OK) {
        error = stream_write(&call->file, bytes, BYTES);
        file_close(&call->file);
    }
    return error;
}

/* Reads the file, compares, and removes it. */
static int64_t file_check(struct drop_call *call)
{
    size_t all = 0;
    int64_t read = open(call, 0), removed;

    bytes_make();
    if (read != OK) {
        return read;
    }
    do {
        read = stream_read(&call->file, back + all, sizeof(back) - all);
        all += read > 0 ? (size_t)read : 0;
    } while (read > 0 && all < sizeof(back));
    file_close(&call->file);
    removed = files_remove(files_server(), PATH, strlen(PATH));
    return read < 0                                          ? read
           : all != BYTES || memcmp(bytes, back, BYTES) != 0 ? ERROR_CORRUPT
                                                             : removed;
}

/* A whole ring full of bytes is in it when the client ends: the file gets all of them. */
static int64_t drain_prepare(struct drop_call *call)
{
    int64_t error = ring_begin(call, FILES_WRITE | FILES_CREATE | FILES_TRUNCATE);

    bytes_make();
    if (error == OK) {
        error = ring_write(&call->file.ring.side, bytes, BYTES);
    }
    return error < 0 || error == BYTES ? error : ERROR_TOO_LONG;
}

static int64_t drain_make(struct drop_call *call)
{
    uint64_t drained;

    return rings_drain(call->file.ring.filler, 0, &drained);
}

static int64_t fill_prepare(struct drop_call *call)
{
    int64_t error = file_make(call);

    return error == OK ? ring_begin(call, 0) : error;
}

static int64_t fill_make(struct drop_call *call)
{
    uint64_t filled;

    return rings_fill(call->file.ring.filler, 0, &filled);
}

static int64_t page_prepare(struct drop_call *call)
{
    int64_t error = file_make(call);

    return error == OK ? paged_file_map(&call->paged, PATH, false) : error;
}

static int64_t page_make(struct drop_call *call)
{
    return *(volatile uint8_t *)call->paged.memory;
}

/* The pager's next instance supplies the file. */
static int64_t page_check(struct drop_call *call)
{
    int64_t error = paged_file_map(&call->paged, PATH, false);

    bytes_make();
    if (error == OK) {
        bool same = call->paged.bytes == BYTES && memcmp(call->paged.memory, bytes, BYTES) == 0;

        paged_unmap(&call->paged);
        error = same ? OK : ERROR_CORRUPT;
    }
    return error == OK ? file_check(call) : error;
}

static int64_t victim_prepare(struct drop_call *call maybe_unused)
{
    return OK;
}

static int64_t victim_make(struct drop_call *call)
{
    return call->victim->call(call->service);
}

static const struct {
    const char *name;
    struct drop_call call;
} calls[] = {
    {"drain",
     {.holds = "files", .prepare = drain_prepare, .make = drain_make, .check = file_check}},
    {"fill", {.holds = "files", .prepare = fill_prepare, .make = fill_make, .check = file_check}},
    {"page",
     {.holds = "files",
      .ends = "pager",
      .prepare = page_prepare,
      .make = page_make,
      .check = page_check}},
};

int64_t drop_call_find(const char *name, struct drop_call *call)
{
    for (unsigned i = 0; i < array_length(calls); i++) {
        if (string_equal(calls[i].name, name)) {
            *call = calls[i].call;
            return OK;
        }
    }
    *call =
        (struct drop_call){.prepare = victim_prepare, .make = victim_make, .check = victim_make};
    int error = victim_find(name, &call->victim, &call->service);
    call->holds = error == OK ? call->victim->name : NULL;
    return error;
}
