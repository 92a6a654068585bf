/* See text.h. Each line is a block of its own; an array has their addresses. */
#include "user/ed/text.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/lib/malloc.h"

#define ROOM_FIRST 64

static char **lines;
static unsigned count, room;

unsigned text_lines(void)
{
    return count;
}

const char *text_line(unsigned number)
{
    return lines[number - 1];
}

/* Makes room for another line. */
static int room_make(void)
{
    unsigned more = room == 0 ? ROOM_FIRST : room * 2;
    char **longer;

    if (count < room) {
        return OK;
    }
    longer = realloc(lines, more * sizeof(*lines));
    if (longer == NULL) {
        return ERROR_NO_MEMORY;
    }
    lines = longer;
    room = more;
    return OK;
}

static char *copy_make(const char *line)
{
    size_t bytes = strlen(line) + 1;
    char *copy = malloc(bytes);

    if (copy != NULL) {
        memcpy(copy, line, bytes);
    }
    return copy;
}

int text_insert(unsigned after, const char *line)
{
    int error = room_make();
    char *copy = error == OK ? copy_make(line) : NULL;

    if (copy == NULL) {
        return ERROR_NO_MEMORY;
    }
    memmove(lines + after + 1, lines + after, (count - after) * sizeof(*lines));
    lines[after] = copy;
    count++;
    return OK;
}

void text_remove(unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++) {
        free(lines[i - 1]);
    }
    memmove(lines + first - 1, lines + last, (count - last) * sizeof(*lines));
    count -= last - first + 1;
}

/* Appends bytes to a line that is built. Returns whether they fit. */
static bool append(char *to, size_t *used, const char *from, size_t bytes)
{
    if (*used + bytes >= TEXT_LINE_BYTES) {
        return false;
    }
    memcpy(to + *used, from, bytes);
    *used += bytes;
    to[*used] = '\0';
    return true;
}

int text_replace(unsigned number, const char *old, const char *new, bool all)
{
    char built[TEXT_LINE_BYTES] = "";
    const char *rest = lines[number - 1], *found;
    size_t used = 0;
    int times = 0;
    bool fits = true;

    while (fits && *old != '\0' && (times == 0 || all) && (found = strstr(rest, old)) != NULL) {
        fits = append(built, &used, rest, (size_t)(found - rest)) &&
               append(built, &used, new, strlen(new));
        rest = found + strlen(old);
        times++;
    }
    if (!fits || !append(built, &used, rest, strlen(rest))) {
        return ERROR_TOO_LONG;
    }
    char *copy = times > 0 ? copy_make(built) : NULL;
    if (times > 0 && copy == NULL) {
        return ERROR_NO_MEMORY;
    }
    if (times > 0) {
        free(lines[number - 1]);
        lines[number - 1] = copy;
    }
    return times;
}
