/* The folder of the boot archive: its files can be read, and no others be made there. */
#pragma once

#include "lib/tar.h"

#define ARCHIVE_FOLDER "boot"

/* Reads which files there are. To be called first. */
void archive_folder_read(void);

/* Returns how many files the folder has. */
unsigned archive_folder_count(void);

/* Returns a file by its number, below the count. */
const struct tar_file *archive_folder_file(unsigned number);

/* Returns the number of a file by its name in the folder. Errors: ERROR_NOT_FOUND. */
must_check int archive_folder_find(const char *name);

/* Returns what follows the folder in a path; NULL if the path does not begin with the folder. */
const char *archive_folder_path(const char *path);
