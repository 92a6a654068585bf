/* wc [FILE] ...: counts lines, words and bytes of files, or of the input. */
#include "lib/string.h"
#include "user/lib/file.h"
#include "user/lib/program.h"

static int count_all(struct stream *stream, const char *name)
{
    static char bytes[4096];
    uint64_t lines = 0, words = 0, total = 0;
    bool in_word = false;
    int64_t read;

    while ((read = stream_read(stream, bytes, sizeof(bytes))) > 0) {
        total += (uint64_t)read;
        for (int64_t i = 0; i < read; i++) {
            bool is_space = bytes[i] == ' ' || bytes[i] == '\n' || bytes[i] == '\t';

            lines += bytes[i] == '\n';
            words += !is_space && !in_word;
            in_word = !is_space;
        }
    }
    if (read < 0) {
        file_complain(name, (int)read);
        return (int)read;
    }
    return stream_print(stream_output(), "%7lu %7lu %7lu%s%s\n", lines, words, total,
                        name[0] == '\0' ? "" : " ", name);
}

int main(unsigned count, char **words)
{
    return files_each(1, count, words, count_all);
}
