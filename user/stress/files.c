/* See files.h. */
#include "user/stress/files.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/lib/file.h"
#include "user/lib/malloc.h"
#include "user/lib/print.h"

#define STATUS_WRONG 1
#define STREAMS_MOST 100
#define PATH         "/boot/shell"
#define BLOCK_BYTES  4096

/* Reads a whole block; less only at the end. Returns how many bytes, or an error. */
static int64_t block_read(struct stream *stream, uint8_t *block)
{
    int64_t all = 0, read = 1;

    while (all < BLOCK_BYTES && read > 0) {
        read = stream_read(stream, block + all, (size_t)(BLOCK_BYTES - all));
        all += read > 0 ? read : 0;
    }
    return read < 0 ? read : all;
}

/*
 * Reads the next block of all streams. Returns its bytes; 0 at the end of all, ERROR_CORRUPT if two
 * streams differ.
 */
static int64_t blocks_compare(struct stream *streams, uint64_t count)
{
    static uint8_t first[BLOCK_BYTES], block[BLOCK_BYTES];
    int64_t bytes = block_read(&streams[0], first);

    for (uint64_t i = 1; i < count && bytes >= 0; i++) {
        int64_t read = block_read(&streams[i], block);

        if (read != bytes || memcmp(first, block, (size_t)bytes) != 0) {
            return read < 0 ? read : ERROR_CORRUPT;
        }
    }
    return bytes;
}

int files_compare(uint64_t count)
{
    struct stream *streams =
        count > 0 && count <= STREAMS_MOST ? calloc(count, sizeof(*streams)) : NULL;
    uint64_t opened = 0, size = 0, all = 0;
    int64_t error = streams == NULL ? ERROR_NO_MEMORY : OK, bytes = 1;

    while (opened < count && error == OK) {
        error = file_open(PATH, 0, &streams[opened], &size);
        opened += error == OK;
    }
    while (error == OK && bytes > 0) {
        bytes = blocks_compare(streams, count);
        all += bytes > 0 ? (uint64_t)bytes : 0;
    }
    while (opened > 0) {
        file_close(&streams[--opened]);
    }
    error = error == OK && bytes < 0 ? bytes : error;
    error = error == OK && all != size ? ERROR_CORRUPT : error;
    if (error != OK) {
        complain("%s after %lu bytes: %s", PATH, all, error_name((int)error));
        return STATUS_WRONG;
    }
    printf("%lu streams have read the same %lu bytes", count, all);
    return 0;
}
