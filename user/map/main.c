/*
 * map FILE            writes a file to the output, from memory that the pager supplies
 * map FILE AT TEXT    changes the bytes of a file from AT on, in memory, and saves it
 * map -z KIB          has the pager supply so much memory that is zero, and writes and checks it
 */
#include "lib/error.h"
#include "lib/number.h"
#include "lib/string.h"
#include "user/lib/paged.h"
#include "user/lib/pages.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/stream.h"

#define STATUS_WRONG 1
#define STATUS_USAGE 2

/* Returns 0, or a status after it has complained. */
static int told(const char *name, int error)
{
    if (error != OK) {
        complain("%s: %s", name, error_name(error));
    }
    return error == OK ? 0 : STATUS_WRONG;
}

static int file_show(const char *name)
{
    struct paged paged;
    int error = paged_file_map(&paged, name, false);

    if (error == OK) {
        error = stream_write(stream_output(), paged.memory, paged.bytes);
        paged_unmap(&paged);
    }
    return told(name, error);
}

static int file_change(const char *name, size_t at, const char *text)
{
    struct paged paged;
    uint64_t pages;
    size_t bytes = strlen(text);
    int error = paged_file_map(&paged, name, true);

    if (error != OK) {
        return told(name, error);
    }
    if (at > paged.bytes || bytes > paged.bytes - at) {
        error = ERROR_RANGE;
    } else {
        memcpy((char *)paged.memory + at, text, bytes);
        error = paged_save(&paged, &pages);
    }
    paged_unmap(&paged);
    return told(name, error);
}

static int zero_check(size_t kib)
{
    struct paged paged;
    unsigned wrong = 0;
    int error = paged_zero_map(&paged, kib * 1024);

    if (error != OK) {
        return told("memory", error);
    }
    uint64_t *words = paged.memory;
    size_t step = PAGE_BYTES / sizeof(*words), count = paged.bytes / sizeof(*words);
    for (size_t at = 0; at < count; at += step) {
        wrong += words[at] != 0;
        words[at] = at + 1;
    }
    for (size_t at = 0; at < count; at += step) {
        wrong += words[at] != at + 1;
    }
    paged_unmap(&paged);
    error =
        stream_print(stream_output(), "%lu pages, %u wrong\n", (count + step - 1) / step, wrong);
    return error != OK || wrong != 0 ? STATUS_WRONG : 0;
}

int main(unsigned count, char **words)
{
    uint64_t number;

    if (count == 2) {
        return file_show(words[1]);
    }
    if (count == 4 && number_parse_u64(words[2], &number) == OK) {
        return file_change(words[1], number, words[3]);
    }
    if (count == 3 && string_equal(words[1], "-z") && number_parse_u64(words[2], &number) == OK) {
        return zero_check(number);
    }
    complain("usage: map FILE [AT TEXT] or map -z KIB");
    return STATUS_USAGE;
}
