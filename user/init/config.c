/* See config.h. */
#include "user/init/config.h"

#include "lib/error.h"
#include "lib/string.h"

struct cursor {
    const char *at, *end; /* of the line */
};

/* Takes the next word of the line. Returns its bytes; 0 at the end. */
static size_t word_next(struct cursor *cursor, const char **word)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t')) {
        cursor->at++;
    }
    *word = cursor->at;
    while (cursor->at < cursor->end && *cursor->at != ' ' && *cursor->at != '\t') {
        cursor->at++;
    }
    return (size_t)(cursor->at - *word);
}

static bool word_is(const char *word, size_t bytes, const char *text)
{
    return strlen(text) == bytes && memcmp(word, text, bytes) == 0;
}

/* Returns the bit of a right, or 0. */
static uint32_t right_find(const char *word, size_t bytes)
{
    static const struct {
        const char *name;
        enum program_handle handle;
    } rights[] = {{"archive", PROGRAM_HANDLE_ARCHIVE},
                  {"information", PROGRAM_HANDLE_INFORMATION},
                  {"log", PROGRAM_HANDLE_LOG},
                  {"ports", PROGRAM_HANDLE_PORTS},
                  {"system", PROGRAM_HANDLE_SYSTEM}};

    for (unsigned i = 0; i < array_length(rights); i++) {
        if (word_is(word, bytes, rights[i].name)) {
            return 1U << rights[i].handle;
        }
    }
    return 0;
}

/* Appends a word to a text of words. Returns whether it fits. */
static bool word_append(char *text, size_t size, const char *word, size_t bytes)
{
    size_t used = strlen(text), gap = used > 0;

    if (used + gap + bytes >= size) {
        return false;
    }
    text[used] = ' ';
    memcpy(text + used + gap, word, bytes);
    text[used + gap + bytes] = '\0';
    return true;
}

static const char *rights_read(struct cursor *cursor, struct config_server *server)
{
    const char *word;
    size_t bytes;

    while ((bytes = word_next(cursor, &word)) > 0) {
        uint32_t right = right_find(word, bytes);

        if (right == 0) {
            return "there is no such right";
        }
        server->rights |= right;
    }
    return NULL;
}

/* Reads the words after "server". Returns NULL, or what is wrong. */
static const char *server_read(struct cursor *cursor, struct config *config)
{
    struct config_server *server = &config->servers[config->count];
    const char *word;
    size_t bytes = word_next(cursor, &word);

    if (config->count == CONFIG_SERVERS) {
        return "there are too many servers";
    }
    *server = (struct config_server){.rights = 0};
    if (bytes == 0 || bytes > CONFIG_NAME_BYTES) {
        return "the name of the service is missing or too long";
    }
    memcpy(server->name, word, bytes);
    for (unsigned i = 0; i < config->count; i++) {
        if (string_equal(config->servers[i].name, server->name)) {
            return "the service has a server already";
        }
    }
    while ((bytes = word_next(cursor, &word)) > 0 && !word_is(word, bytes, ":")) {
        if (!word_append(server->words, sizeof(server->words), word, bytes)) {
            return "the arguments are too long";
        }
    }
    if (server->words[0] == '\0') {
        return "the program is missing";
    }
    const char *reason = bytes > 0 ? rights_read(cursor, server) : NULL;
    config->count += reason == NULL;
    return reason;
}

static const char *line_take(struct cursor *cursor, struct config *config)
{
    const char *word;
    size_t bytes = word_next(cursor, &word);

    if (bytes == 0) {
        return NULL;
    }
    return word_is(word, bytes, "server") ? server_read(cursor, config)
                                          : "a line begins with 'server'";
}

int config_read(struct config *config, const char *text, size_t bytes, unsigned *line,
                const char **reason)
{
    const char *at = text, *end = text + bytes;

    config->count = 0;
    *reason = NULL;
    for (*line = 1; at < end; ++*line) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = stop == NULL ? end : stop;
        const char *comment = memchr(at, '#', (size_t)(line_end - at));
        struct cursor cursor = {at, comment == NULL ? line_end : comment};

        *reason = memchr(at, '\0', (size_t)(line_end - at)) != NULL ? "there is a byte 0"
                                                                    : line_take(&cursor, config);
        if (*reason != NULL) {
            return ERROR_INVALID;
        }
        at = line_end + 1;
    }
    return OK;
}
