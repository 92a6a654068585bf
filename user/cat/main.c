/* cat [FILE] ...: writes files, or the input, to the output. */
#include "lib/error.h"
#include "lib/string.h"
#include "user/lib/file.h"
#include "user/lib/program.h"

static int copy(struct stream *stream, const char *name)
{
    static char bytes[32768]; /* as much as a ring to the file server holds */
    int64_t read;
    int error = OK;

    while (error == OK && (read = stream_read(stream, bytes, sizeof(bytes))) != 0) {
        if (read < 0) {
            file_complain(name, (int)read);
            return (int)read;
        }
        error = stream_write(stream_output(), bytes, (size_t)read);
    }
    return error;
}

int main(unsigned count, char **words)
{
    return files_each(1, count, words, copy);
}
