/* head [-n LINES] [FILE] ...: writes the first lines of files, or of the input. */
#include "lib/error.h"
#include "lib/number.h"
#include "lib/string.h"
#include "user/lib/file.h"
#include "user/lib/print.h"
#include "user/lib/program.h"

#define LINES_DEFAULT 10

static uint64_t lines_most = LINES_DEFAULT;

static int head(struct stream *stream, const char *name)
{
    static char bytes[1024];
    uint64_t lines = 0;
    int64_t read;
    int error = OK;

    while (lines < lines_most && error == OK &&
           (read = stream_read(stream, bytes, sizeof(bytes))) != 0) {
        size_t used = 0;

        if (read < 0) {
            file_complain(name, (int)read);
            return (int)read;
        }
        while (used < (size_t)read && lines < lines_most) {
            lines += bytes[used++] == '\n';
        }
        error = stream_write(stream_output(), bytes, used);
    }
    return error;
}

int main(unsigned count, char **words)
{
    unsigned first = 1;

    if (count > 1 && string_equal(words[1], "-n")) {
        if (count < 3 || number_parse_u64(words[2], &lines_most) != OK) {
            complain("usage: head [-n LINES] [FILE] ...");
            return 2;
        }
        first = 3;
    }
    return files_each(first, count, words, head);
}
