/* cp FROM TO: copies a file, but not onto itself: to open it for writing empties it. */
#include "lib/error.h"
#include "lib/string.h"
#include "user/files_protocol.h"
#include "user/lib/file.h"
#include "user/lib/print.h"
#include "user/lib/program.h"

/* Takes the slashes that mean nothing out of a path, so that a file has one path only. */
static void path_tidy(char *path)
{
    size_t used = 0;

    for (const char *at = path; *at != '\0'; at++) {
        if (*at != '/' || (used > 0 && path[used - 1] != '/')) {
            path[used++] = *at;
        }
    }
    path[used > 0 && path[used - 1] == '/' ? used - 1 : used] = '\0';
}

int main(unsigned count, char **words)
{
    static char bytes[32768]; /* as much as a ring to the file server holds */
    struct stream from, to;
    uint64_t size;
    int64_t read = 0;
    int error;

    if (count != 3) {
        complain("usage: cp FROM TO");
        return 2;
    }
    path_tidy(words[1]);
    path_tidy(words[2]);
    if (strcmp(words[1], words[2]) == 0) {
        complain("%s: a file is not copied onto itself", words[1]);
        return 1;
    }
    error = file_open(words[1], 0, &from, &size);
    if (error != OK) {
        complain("%s: %s", words[1], error_name(error));
        return 1;
    }
    error = file_open(words[2], FILES_WRITE | FILES_CREATE | FILES_TRUNCATE, &to, &size);
    while (error == OK && (read = stream_read(&from, bytes, sizeof(bytes))) > 0) {
        error = stream_write(&to, bytes, (size_t)read);
    }
    if (error != OK || read < 0) {
        complain("%s: %s", words[2], error_name(error != OK ? error : (int)read));
        return 1;
    }
    return 0;
}
