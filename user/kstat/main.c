/* kstat [TEXT]: the kernel's counters, and what each means; TEXT: those whose name contains it. */
#include "lib/error.h"
#include "lib/information.h"
#include "lib/string.h"
#include "user/lib/program.h"
#include "user/lib/records.h"
#include "user/lib/stream.h"

int main(unsigned count, char **words)
{
    static struct records records = {.kind = INFORMATION_COUNTERS,
                                     .size = sizeof(struct information_counter)};
    const struct information_counter *counter;
    int error = OK;

    while (error == OK && (counter = records_next(&records)) != NULL) {
        if (count < 2 || strstr(counter->name, words[1]) != NULL) {
            error = stream_print(stream_output(), "%14lu  %-24s %s\n", counter->value,
                                 counter->name, counter->meaning);
        }
    }
    return error;
}
