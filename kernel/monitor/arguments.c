/* Splits a line into words, and checks their number against the description of a command. */
#include "kernel/monitor/arguments.h"

#include "lib/error.h"
#include "lib/string.h"

static bool blank(char character)
{
    return character == ' ' || character == '\t';
}

int arguments_split(char *line, struct arguments *out)
{
    char *next = line;
    out->count = 0;
    for (;;) {
        while (blank(*next)) {
            next++;
        }
        if (*next == '\0') {
            return OK;
        }
        if (out->count == ARGUMENTS_MAX) {
            return ERROR_RANGE;
        }
        bool quoted = *next == '"';
        next += quoted ? 1 : 0;
        out->words[out->count++] = next;
        while (*next != '\0' && (quoted ? *next != '"' : !blank(*next))) {
            next++;
        }
        if (*next == '\0') {
            return quoted ? ERROR_INVALID : OK;
        }
        *next++ = '\0';
    }
}

bool arguments_fit(const char *description, unsigned count)
{
    unsigned required = 0, allowed = 0;
    bool any = false, word_begins = true;
    for (const char *place = description; *place != '\0'; place++) {
        if (word_begins && !blank(*place)) {
            if (string_starts_with(place, "...")) {
                any = true;
            } else {
                allowed++;
                required += *place == '[' ? 0 : 1;
            }
        }
        word_begins = blank(*place);
    }
    return count >= required && (any || count <= allowed);
}
