/* head [-n LINES] [FILE] ...: writes the first lines of files, or of the input. */
#include "lib/error.h"
#include "lib/number.h"
#include "lib/string.h"
#include "user/lib/file.h"
#include "user/lib/print.h"
#include "user/lib/program.h"

#define LINES_DEFAULT 10

static uint64_t lines_most = LINES_DEFAULT;

static int head(struct stream *stream, const char *name maybe_unused)
{
    static struct line_reader reader;
    char line[512];
    int64_t read = 1;
    int error = OK;

    reader = (struct line_reader){.stream = stream};
    for (uint64_t i = 0; i < lines_most && error == OK; i++) {
        read = line_read(&reader, line, sizeof(line));
        if (read <= 0) {
            return (int)read;
        }
        error = stream_print(stream_output(), "%s\n", line);
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
