/* See complete.h. */
#include "user/shell/complete.h"

#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"
#include "user/files_protocol.h"
#include "user/lib/archive.h"
#include "user/shell/builtin.h"
#include "user/shell/shell.h"

struct list {
    char *to;
    size_t size, used;
    const char *word; /* what the candidates begin with */
    size_t word_bytes;
};

/* Adds a candidate, made of three parts, if it begins with the word. */
static void add(struct list *list, const char *first, const char *second, const char *third)
{
    char name[FILES_PATH_BYTES + 2];
    size_t bytes = format_string(name, sizeof(name), "%s%s%s", first, second, third);

    if (bytes < sizeof(name) && bytes >= list->word_bytes &&
        memcmp(name, list->word, list->word_bytes) == 0 && list->used + bytes + 1 <= list->size) {
        memcpy(list->to + list->used, name, bytes);
        list->to[list->used + bytes] = '\n';
        list->used += bytes + 1;
    }
}

static void commands_add(struct list *list)
{
    struct tar_reader reader;
    struct tar_file file;
    const char *reason, *name;

    for (unsigned i = 0; (name = builtin_at(i)) != NULL; i++) {
        add(list, name, "", "");
    }
    if (archive_open(&reader, &reason) == OK) {
        while (tar_next(&reader, &file) == OK) {
            if (strchr(file.name, '.') == NULL) { /* a program, not a text */
                add(list, file.name, "", "");
            }
        }
    }
}

/* Adds the entries of the directory that the word lies in. */
static void paths_add(struct list *list)
{
    char folder[FILES_PATH_BYTES + 1], name[FILES_NAME_BYTES + 1 + 100];
    size_t bytes = list->word_bytes, name_bytes;
    uint64_t kind, size;

    while (bytes > 0 && list->word[bytes - 1] != '/') {
        bytes--;
    }
    if (bytes >= sizeof(folder)) {
        return;
    }
    memcpy(folder, list->word, bytes);
    folder[bytes] = '\0';
    for (uint64_t at = 0; files_list(files, at, folder, bytes, &kind, &size, name, sizeof(name) - 1,
                                     &name_bytes) == OK;
         at++) {
        name[name_bytes] = '\0';
        add(list, folder, name, kind == FILES_DIRECTORY ? "/" : "");
    }
}

size_t candidates_write(char *to, size_t size, const char *line, size_t bytes)
{
    struct list list = {.to = to, .size = size};
    size_t start = bytes, before;

    while (start > 0 && line[start - 1] != ' ') {
        start--;
    }
    before = start;
    while (before > 0 && line[before - 1] == ' ') {
        before--;
    }
    list.word = line + start;
    list.word_bytes = bytes - start;
    if (before == 0 || strchr("|;&", line[before - 1]) != NULL) {
        commands_add(&list);
    }
    if (before != 0) {
        paths_add(&list);
    }
    return list.used;
}
