/* grep [-v] TEXT [FILE] ...: writes the lines that contain a text; -v: those that do not. */
#include "lib/error.h"
#include "lib/string.h"
#include "user/lib/file.h"
#include "user/lib/print.h"
#include "user/lib/program.h"

static const char *wanted;
static bool inverted;
static bool found;

static int grep(struct stream *stream, const char *name)
{
    static struct line_reader reader;
    char line[512];
    int64_t read;
    int error = OK;

    reader = (struct line_reader){.stream = stream};
    while (error == OK && (read = line_read(&reader, line, sizeof(line))) != 0) {
        if (read < 0) {
            file_complain(name, (int)read);
            return (int)read;
        }
        if ((strstr(line, wanted) != NULL) != inverted) {
            found = true;
            error = stream_print(stream_output(), "%s\n", line);
        }
    }
    return error;
}

int main(unsigned count, char **words)
{
    unsigned first = 1;
    int status;

    inverted = count > 1 && string_equal(words[1], "-v");
    first += inverted;
    if (count <= first) {
        complain("usage: grep [-v] TEXT [FILE] ...");
        return 2;
    }
    wanted = words[first];
    status = files_each(first + 1, count, words, grep);
    return status == 0 && !found ? 1 : status;
}
