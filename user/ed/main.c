/*
 * ed FILE: edits a file line by line. A command is [RANGE]LETTER. A range is a line, or two with a
 * comma between them: a number, '.' (the current line) or '$' (the last one); ',' alone is all.
 *
 *   p n      prints the lines, with their numbers      a i c    takes lines up to a '.': behind the
 *   d        removes them                                       line, before it, in place of the range
 *   s/A/B/   writes B for the first A of each; s/A/B/g for all
 *   =        prints the number of the last line        w [FILE] writes the file
 *   q Q      ends, if it was written; in any case
 *
 * An empty command prints the next line.
 */
#include "lib/error.h"
#include "lib/string.h"
#include "user/ed/text.h"
#include "user/files_protocol.h"
#include "user/lib/file.h"
#include "user/lib/print.h"
#include "user/lib/program.h"

static struct line_reader input;
static char path[FILES_PATH_BYTES + 1];
static unsigned current; /* the line; 0: there is none */
static bool changed, ends;

/* A command that was read. */
struct edit {
    unsigned first, last;
    bool has_range;
    char letter;      /* '\0': none */
    const char *rest; /* behind the letter */
};

static int file_load(void)
{
    static struct line_reader reader;
    char line[TEXT_LINE_BYTES];
    struct stream stream;
    uint64_t size;
    int64_t read;
    int error = file_open(path, 0, &stream, &size);

    if (error != OK) {
        return error;
    }
    reader.stream = &stream;
    while (error == OK && (read = line_read(&reader, line, sizeof(line))) != 0) {
        error = read < 0         ? (int)read
                : reader.was_cut ? ERROR_TOO_LONG /* it would be written back cut */
                                 : text_insert(text_lines(), line);
    }
    file_close(&stream);
    return error;
}

static int file_save(void)
{
    struct stream stream;
    uint64_t size;
    int error = file_open(path, FILES_WRITE | FILES_CREATE | FILES_TRUNCATE, &stream, &size);

    if (error != OK) {
        return error;
    }
    for (unsigned i = 1; i <= text_lines() && error == OK; i++) {
        error = stream_print(&stream, "%s\n", text_line(i));
    }
    file_close(&stream);
    changed = changed && error != OK;
    return error;
}

/* Reads the number of a line. Returns whether there is one. */
static bool line_parse(const char **text, unsigned *line)
{
    if (**text == '.' || **text == '$') {
        *line = *(*text)++ == '.' ? current : text_lines();
        return true;
    }
    if (**text < '0' || **text > '9') {
        return false;
    }
    for (*line = 0; **text >= '0' && **text <= '9'; (*text)++) {
        *line = *line < 1000000 ? *line * 10 + (unsigned)(**text - '0') : *line;
    }
    return true;
}

/* Reads a command. Without a range it means the current line. */
static struct edit edit_parse(const char *text)
{
    struct edit edit = {.first = current, .last = current};

    edit.has_range = line_parse(&text, &edit.first);
    edit.last = edit.first;
    if (*text == ',') {
        text++;
        edit.first = edit.has_range ? edit.first : 1;
        if (!line_parse(&text, &edit.last)) {
            edit.last = text_lines();
        }
        edit.has_range = true;
    }
    edit.letter = *text;
    edit.rest = *text != '\0' ? text + 1 : text;
    return edit;
}

/* Takes lines from the input up to one that is a '.', behind the line `after`. */
static int lines_take(unsigned after)
{
    char line[TEXT_LINE_BYTES];
    int64_t read;
    int error = OK;

    while (error == OK && (read = line_read(&input, line, sizeof(line))) > 0 &&
           !string_equal(line, ".")) {
        error = input.was_cut ? ERROR_TOO_LONG : text_insert(after, line);
        if (error == OK) {
            current = ++after;
            changed = true;
        }
    }
    return error;
}

static int lines_print(const struct edit *edit)
{
    int error = OK;

    for (unsigned i = edit->first; i <= edit->last && error == OK; i++) {
        error = edit->letter == 'n' ? stream_print(stream_output(), "%5u  %s\n", i, text_line(i))
                                    : stream_print(stream_output(), "%s\n", text_line(i));
    }
    current = edit->last;
    return error;
}

static int lines_remove(const struct edit *edit)
{
    text_remove(edit->first, edit->last);
    changed = true;
    current = edit->first <= text_lines() ? edit->first : text_lines();
    return OK;
}

/* /A/B/ or /A/B/g, with any character in the place of '/'. */
static int lines_replace(const struct edit *edit)
{
    char old[TEXT_LINE_BYTES], *with, *end;
    int times = 0, error = OK;

    if (string_copy(old, sizeof(old), edit->rest[0] != '\0' ? edit->rest + 1 : "") != OK) {
        return ERROR_TOO_LONG;
    }
    with = strchr(old, edit->rest[0]);
    end = with != NULL && edit->rest[0] != '\0' ? strchr(with + 1, edit->rest[0]) : NULL;
    if (end == NULL) {
        return ERROR_INVALID;
    }
    *with++ = *end = '\0';
    for (unsigned i = edit->first; i <= edit->last && error >= 0; i++) {
        error = text_replace(i, old, with, end[1] == 'g');
        times += error > 0 ? error : 0;
        current = error > 0 ? i : current;
    }
    changed = changed || times > 0;
    return error < 0 ? error : times > 0 ? OK : ERROR_NOT_FOUND;
}

static int end(bool always)
{
    ends = always || !changed;
    if (!ends) {
        complain("it is not written: 'w' writes it, 'Q' ends without");
    }
    return OK;
}

static int save(const char *name)
{
    while (*name == ' ') {
        name++;
    }
    return *name != '\0' && string_copy(path, sizeof(path), name) != OK ? ERROR_TOO_LONG
                                                                        : file_save();
}

/* Commands that need no line. Returns ERROR_UNSUPPORTED for another one. */
static int edit_run_any(const struct edit *edit)
{
    switch (edit->letter) {
    case 'a':
        return lines_take(edit->last);
    case 'i':
        return lines_take(edit->first > 0 ? edit->first - 1 : 0);
    case 'q':
    case 'Q':
        return end(edit->letter == 'Q');
    case 'w':
        return save(edit->rest);
    case '=':
        return stream_print(stream_output(), "%u\n", edit->has_range ? edit->last : text_lines());
    default:
        return ERROR_UNSUPPORTED;
    }
}

static int edit_run(const struct edit *edit)
{
    int error;

    if (edit->first > edit->last || edit->last > text_lines()) {
        return ERROR_RANGE;
    }
    error = edit_run_any(edit);
    if (error != ERROR_UNSUPPORTED) {
        return error;
    }
    if (edit->first == 0) {
        return ERROR_RANGE;
    }
    switch (edit->letter) {
    case '\0':
    case 'p':
    case 'n':
        return lines_print(edit);
    case 'd':
        return lines_remove(edit);
    case 'c':
        error = lines_remove(edit);
        return error == OK ? lines_take(edit->first - 1) : error;
    case 's':
        return lines_replace(edit);
    default:
        return ERROR_UNSUPPORTED;
    }
}

int main(unsigned count, char **words)
{
    static char line[TEXT_LINE_BYTES];
    struct edit edit;
    int error;

    if (count != 2 || string_copy(path, sizeof(path), words[1]) != OK) {
        complain("usage: ed FILE");
        return 2;
    }
    input.stream = stream_input();
    error = file_load();
    current = text_lines();
    if (error != OK && error != ERROR_NOT_FOUND) {
        complain("%s: %s", path, error_name(error));
        return 1;
    }
    printf("%s: %u lines%s", path, text_lines(), error == ERROR_NOT_FOUND ? ", a new file" : "");
    while (!ends && line_read(&input, line, sizeof(line)) > 0) {
        edit = edit_parse(line);
        if (edit.letter == '\0' && !edit.has_range) {
            edit.first = edit.last = current + 1;
        }
        error = edit_run(&edit);
        if (error != OK) {
            complain("%s: %s", line, error_name(error));
        }
    }
    return ends ? 0 : 1;
}
