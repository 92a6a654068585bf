/* hexdump [FILE]: writes bytes as numbers and characters, sixteen a line. */
#include "lib/error.h"
#include "lib/string.h"
#include "user/lib/file.h"
#include "user/lib/program.h"

#define ROW 16

static int row_print(uint64_t at, const uint8_t *bytes, size_t count)
{
    char text[80];
    size_t used = format_string(text, sizeof(text), "%08lx ", at);

    for (size_t i = 0; i < ROW; i++) {
        used += i < count ? format_string(text + used, sizeof(text) - used, " %02x", bytes[i])
                          : format_string(text + used, sizeof(text) - used, "   ");
    }
    text[used++] = ' ';
    text[used++] = ' ';
    for (size_t i = 0; i < count; i++) {
        text[used++] = bytes[i] >= ' ' && bytes[i] <= '~' ? (char)bytes[i] : '.';
    }
    text[used++] = '\n';
    return stream_write(stream_output(), text, used);
}

static int dump(struct stream *stream, const char *name)
{
    static uint8_t bytes[1024];
    size_t have = 0;
    uint64_t at = 0;
    int64_t read;
    int error = OK;

    do {
        read = stream_read(stream, bytes + have, sizeof(bytes) - have);
        have += read > 0 ? (size_t)read : 0;
        size_t done = 0;
        while (error == OK && have - done >= ROW) {
            error = row_print(at, bytes + done, ROW);
            done += ROW;
            at += ROW;
        }
        have -= done;
        memmove(bytes, bytes + done, have);
    } while (read > 0 && error == OK);
    if (read < 0) {
        file_complain(name, (int)read);
        return (int)read;
    }
    return error == OK && have > 0 ? row_print(at, bytes, have) : error;
}

int main(unsigned count, char **words)
{
    return files_each(1, count, words, dump);
}
