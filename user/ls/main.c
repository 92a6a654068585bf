/* ls [PATH] ...: lists directories, with the size of each file. */
#include "lib/error.h"
#include "lib/string.h"
#include "user/files_protocol.h"
#include "user/lib/file.h"
#include "user/lib/print.h"
#include "user/lib/program.h"

static int entry_print(uint64_t kind, uint64_t size, const char *name)
{
    return kind == FILES_DIRECTORY ? stream_print(stream_output(), "%10s  %s/\n", "", name)
                                   : stream_print(stream_output(), "%10lu  %s\n", size, name);
}

/* Lists what a path names. */
static int list(const char *path)
{
    char name[128];
    uint64_t kind, size;
    size_t bytes;
    int64_t error = files_status(files_server(), path, strlen(path), &kind, &size);

    if (error == OK && kind == FILES_FILE) {
        return entry_print(kind, size, path);
    }
    for (uint64_t at = 0; error == OK; at++) {
        error = files_list(files_server(), at, path, strlen(path), &kind, &size, name,
                           sizeof(name) - 1, &bytes);
        if (error == ERROR_NOT_FOUND) {
            return OK;
        }
        if (error == OK) {
            name[bytes] = '\0';
            error = entry_print(kind, size, name);
        }
    }
    complain("%s: %s", path, error_name((int)error));
    return 1;
}

int main(unsigned count, char **words)
{
    int status = count == 1 ? list("/") : 0;

    for (unsigned i = 1; i < count; i++) {
        int its = list(words[i]);

        status = its != 0 ? its : status;
    }
    return status;
}
