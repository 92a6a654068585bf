/*
 * Reads tar archives of the format ustar (POSIX.1-1988, "pax interchange format" in POSIX.1-2017)
 * that lie in memory. Only plain files and directories are accepted; directories are passed over.
 * With any bytes, nothing outside the archive is read. Context of all functions: ANY that
 * may touch the archive.
 */
#pragma once

#include "lib/compiler.h"

#define TAR_BLOCK_BYTES 512
#define TAR_NAME_BYTES  101 /* the longest name, and its terminator */

struct tar_file {
    char name[TAR_NAME_BYTES];
    const uint8_t *data; /* in the archive; aligned as the archive is, up to 512 */
    size_t bytes;
};

/* A walk through an archive. */
struct tar_reader {
    const uint8_t *archive;
    size_t bytes;
    size_t at;          /* of the next header */
    const char *reason; /* why the archive was refused, in words; NULL if it was not */
};

/* Begins a walk through the archive of `bytes` bytes. */
void tar_open(struct tar_reader *reader, const void *archive, size_t bytes);

/*
 * Stores the next file in *out. Errors: ERROR_NOT_FOUND at the end of the archive, ERROR_CORRUPT if
 * the archive is malformed or cut; reader->reason then says why.
 */
must_check int tar_next(struct tar_reader *reader, struct tar_file *out);

/*
 * Stores the first file of that name in *out. Everything before it is checked, and nothing behind
 * it. Errors: ERROR_NOT_FOUND, and ERROR_CORRUPT, for which *reason says why; in all other cases
 * *reason is NULL.
 */
must_check int tar_find(const void *archive, size_t bytes, const char *name, struct tar_file *out,
                        const char **reason);
