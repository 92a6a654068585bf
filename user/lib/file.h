/* Files by their paths, at the server "files". */
#pragma once

#include "user/lib/stream.h"

/*
 * Opens a file as a stream (flags: FILES_WRITE and others of user/protocol/files.h), and stores its
 * size. Errors: ERROR_NOT_FOUND (no file server is found, whatever the reason), and those of
 * files_open().
 */
must_check int file_open(const char *path, uint64_t flags, struct stream *stream, uint64_t *size);

/* Closes a stream that file_open() opened. */
void file_close(struct stream *stream);

/* Returns the endpoint of the file server; 0 if there is none. */
uint32_t files_server(void);

/*
 * Calls an operation of the protocol files on each path of words[1] and those behind. Complains
 * about each that fails, and if there is none. Returns 0, 1 if one failed, 2 without paths.
 */
int paths_each(unsigned count, char **words,
               int64_t (*operation)(uint32_t server, const void *path, size_t bytes));

/*
 * Calls work(stream, name) for the files that words[first] and those behind name, or for the input
 * if there are none. Complains about each that cannot be opened. Returns the worst status, 1 for
 * such a file.
 */
int files_each(unsigned first, unsigned count, char **words,
               int (*work)(struct stream *stream, const char *name));
