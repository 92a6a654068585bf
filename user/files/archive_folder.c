/* See archive_folder.h. */
#include "user/files/archive_folder.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/lib/archive.h"
#include "user/lib/print.h"

#define FILES_MOST 128

static struct tar_file files[FILES_MOST];
static unsigned count;

void archive_folder_read(void)
{
    struct tar_reader reader;
    const char *reason;

    if (archive_open(&reader, &reason) != OK) {
        printf("no archive: %s", reason);
        return;
    }
    while (count < FILES_MOST && tar_next(&reader, &files[count]) == OK) {
        count++;
    }
}

unsigned archive_folder_count(void)
{
    return count;
}

const struct tar_file *archive_folder_file(unsigned number)
{
    return &files[number];
}

int archive_folder_find(const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (string_equal(files[i].name, name)) {
            return (int)i;
        }
    }
    return ERROR_NOT_FOUND;
}

const char *archive_folder_path(const char *path)
{
    size_t bytes = strlen(ARCHIVE_FOLDER);

    if (strncmp(path, ARCHIVE_FOLDER, bytes) != 0 || (path[bytes] != '/' && path[bytes] != '\0')) {
        return NULL;
    }
    while (path[bytes] == '/') {
        bytes++;
    }
    return path + bytes;
}
