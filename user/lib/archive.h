/* The files of the boot archive, for programs whose creator passed it on. */
#pragma once

#include "lib/tar.h"

/*
 * Finds a file of the boot archive, which is mapped at the first call and stays so. Errors:
 * ERROR_NOT_FOUND (no such file, or the program has no archive), ERROR_CORRUPT, and those of
 * memory_map(); *reason then says why, in words.
 */
must_check int archive_find(const char *name, struct tar_file *file, const char **reason);

/* Begins a walk through all files of the archive, by tar_next(). Errors: as for archive_find(). */
must_check int archive_open(struct tar_reader *reader, const char **reason);
