/* echo [-n] [WORD] ...: writes the words; -n: without an end of the line. */
#include "lib/error.h"
#include "lib/string.h"
#include "user/lib/program.h"
#include "user/lib/stream.h"

int main(unsigned count, char **words)
{
    bool no_end = count > 1 && string_equal(words[1], "-n");
    unsigned first = no_end ? 2 : 1;
    int error = OK;

    for (unsigned i = first; i < count && error == OK; i++) {
        error = stream_print(stream_output(), "%s%s", i > first ? " " : "", words[i]);
    }
    if (error == OK && !no_end) {
        error = stream_print(stream_output(), "\n");
    }
    return error;
}
