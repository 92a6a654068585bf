/* See archive.h. */
#include "user/lib/archive.h"

#include "user/lib/mutex.h"
#include "user/lib/pages.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

static struct mutex lock;
static void *archive; /* set once, under the lock */

static int archive_map(const char **reason)
{
    uint32_t handle = program_start.handles[PROGRAM_HANDLE_ARCHIVE];
    int error = OK;

    *reason = NULL;
    if (handle == 0) {
        *reason = "the program was given no archive";
        return ERROR_NOT_FOUND;
    }
    mutex_lock(&lock);
    if (archive == NULL) {
        error = pages_map(handle, 0, align_up(program_start.archive_bytes, PAGE_BYTES), RIGHT_READ,
                          &archive);
    }
    mutex_unlock(&lock);
    if (error != OK) {
        *reason = error_name(error);
    }
    return error;
}

int archive_open(struct tar_reader *reader, const char **reason)
{
    int error = archive_map(reason);

    if (error == OK) {
        tar_open(reader, archive, program_start.archive_bytes);
    }
    return error;
}

int archive_find(const char *name, struct tar_file *file, const char **reason)
{
    int error = archive_map(reason);

    if (error == OK) {
        error = tar_find(archive, program_start.archive_bytes, name, file, reason);
        if (error == ERROR_NOT_FOUND) {
            *reason = "there is no file of that name";
        }
    }
    return error;
}
