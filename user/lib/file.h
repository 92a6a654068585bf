/* Files by their paths, at the server "files". */
#pragma once

#include "user/lib/stream.h"

/*
 * Opens a file as a stream (flags: FILES_WRITE and others of user/protocol/files.h), and stores its
 * size. Errors: ERROR_NOT_FOUND (no file server was found, for whatever reason), and those of
 * files_open().
 */
must_check int file_open(const char *path, uint64_t flags, struct stream *stream, uint64_t *size);

/* Closes a stream that file_open() opened. */
void file_close(struct stream *stream);

/*
 * Returns a handle to the endpoint of the file server; 0 if none was found. The first call waits
 * until there is one.
 */
uint32_t files_server(void);

/*
 * Calls an operation of the protocol "files" on each path: words[1] and the words behind it.
 * Complains about each that fails, and if there is no path. Returns 0; 1 if an operation failed; 2
 * if there is no path.
 */
int paths_each(unsigned count, char **words,
               int64_t (*operation)(uint32_t server, const void *path, size_t bytes));

/*
 * Complains that the file `name`, "" for the program's input, cannot be read: not if control-C has
 * ended the wait for a line of the terminal (ERROR_KILLED), which the user knows.
 */
void file_complain(const char *name, int error);

/*
 * Calls work(stream, name) for each file that words[first] and the words behind it name; without
 * such words, for the program's input with the name "". Complains about a file that cannot be
 * opened, and counts its status as 1. Returns the first negative status; if there is none, the
 * greatest.
 */
int files_each(unsigned first, unsigned count, char **words,
               int (*work)(struct stream *stream, const char *name));
