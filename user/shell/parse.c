/* See parse.h. The words of a statement lie in its `bytes`, one behind the other, each terminated. */
#include "user/shell/parse.h"

#include "lib/error.h"
#include "lib/string.h"

#define NAME_BYTES 32

struct parser {
    struct statement *statement;
    const char *at;
    variable_find find;
    void *context;
    const char *reason; /* NULL: all is well */
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Returns whether a character ends a word that is not quoted. */
static bool ends_word(char c)
{
    return c == '\0' || c == '\n' || is_blank(c) || strchr(";&|<>", c) != NULL;
}

static bool fail(struct parser *parser, const char *reason)
{
    if (parser->reason == NULL) {
        parser->reason = reason;
    }
    return false;
}

static bool byte_put(struct parser *parser, char byte)
{
    struct statement *statement = parser->statement;

    if (statement->used == STATEMENT_BYTES) {
        return fail(parser, "the statement is too long");
    }
    statement->bytes[statement->used++] = byte;
    return true;
}

static bool text_put(struct parser *parser, const char *text)
{
    while (text != NULL && *text != '\0') {
        if (!byte_put(parser, *text++)) {
            return false;
        }
    }
    return true;
}

/* Takes what follows a '$', and puts its value. A '$' before anything else is itself. */
static bool variable_put(struct parser *parser)
{
    char name[NAME_BYTES];
    size_t bytes = 0;
    bool braced = *parser->at == '{';
    const char *at = parser->at + braced;

    if (*at == '?') {
        name[bytes++] = *at++;
    } else {
        while ((is_letter(*at) || (bytes > 0 && is_digit(*at))) && bytes < NAME_BYTES - 1) {
            name[bytes++] = *at++;
        }
    }
    if (braced && (*at != '}' || bytes == 0)) {
        return fail(parser, "'${' needs a name and '}'");
    }
    if (bytes == 0) {
        return byte_put(parser, '$');
    }
    name[bytes] = '\0';
    parser->at = at + braced;
    return text_put(parser, parser->find(parser->context, name));
}

/* Puts what stands up to the closing quote. */
static bool quoted_put(struct parser *parser, char quote)
{
    while (*parser->at != quote) {
        char c = *parser->at;

        if (c == '\0') {
            return fail(parser, "a quote is not closed");
        }
        parser->at++;
        if (quote == '"' && c == '$') {
            if (!variable_put(parser)) {
                return false;
            }
            continue;
        }
        if (quote == '"' && c == '\\' && *parser->at != '\0' &&
            strchr("\"\\$", *parser->at) != NULL) {
            c = *parser->at++;
        }
        if (!byte_put(parser, c)) {
            return false;
        }
    }
    parser->at++;
    return true;
}

/* Puts one part of a word: a quoted text, a variable or a character. */
static bool part_put(struct parser *parser)
{
    char c = *parser->at++;

    switch (c) {
    case '\'':
    case '"':
        return quoted_put(parser, c);
    case '$':
        return variable_put(parser);
    case '\\':
        if (*parser->at == '\0') {
            return fail(parser, "nothing follows the last '\\'");
        }
        return byte_put(parser, *parser->at++);
    default:
        return byte_put(parser, c);
    }
}

/* Takes a word. Returns NULL after an error. */
static char *word_take(struct parser *parser)
{
    char *word = parser->statement->bytes + parser->statement->used;

    while (!ends_word(*parser->at)) {
        if (!part_put(parser)) {
            return NULL;
        }
    }
    return byte_put(parser, '\0') ? word : NULL;
}

static void blanks_skip(struct parser *parser)
{
    while (is_blank(*parser->at)) {
        parser->at++;
    }
    if (*parser->at == '#') {
        while (*parser->at != '\0' && *parser->at != '\n') {
            parser->at++;
        }
    }
}

/* Takes a redirection, whose first character is here. */
static bool redirection_take(struct parser *parser, struct command *command)
{
    bool is_input = *parser->at++ == '<';
    bool appends = !is_input && *parser->at == '>';
    const char **file = is_input ? &command->input : &command->output;

    parser->at += appends;
    blanks_skip(parser);
    if (ends_word(*parser->at)) {
        return fail(parser, "the name of a file is missing");
    }
    if (*file != NULL) {
        return fail(parser, "a command has one input and one output");
    }
    *file = word_take(parser);
    command->appends = appends || command->appends;
    return *file != NULL;
}

/* Takes a command. One of no words is an error, unless the statement ends here before it began. */
static bool command_take(struct parser *parser)
{
    struct statement *statement = parser->statement;

    if (statement->count == STATEMENT_COMMANDS) {
        return fail(parser, "there are too many commands in the pipe");
    }
    struct command *command = &statement->commands[statement->count];
    *command = (struct command){.words = &statement->words[statement->word_count]};
    for (blanks_skip(parser); !ends_word(*parser->at) || *parser->at == '<' || *parser->at == '>';
         blanks_skip(parser)) {
        if (*parser->at == '<' || *parser->at == '>') {
            if (!redirection_take(parser, command)) {
                return false;
            }
            continue;
        }
        if (statement->word_count >= STATEMENT_WORDS + statement->count) {
            return fail(parser, "there are too many words");
        }
        statement->words[statement->word_count] = word_take(parser);
        if (statement->words[statement->word_count] == NULL) {
            return false;
        }
        statement->word_count++;
        command->count++;
    }
    if (command->count == 0 && (statement->count > 0 || command->input != NULL ||
                                command->output != NULL || *parser->at == '|')) {
        return fail(parser, "a command is missing");
    }
    statement->count += command->count > 0;
    if (command->count > 0) {
        statement->words[statement->word_count++] = NULL;
    }
    return true;
}

/* Takes what stands behind a pipeline. */
static bool end_take(struct parser *parser)
{
    char c = *parser->at;
    bool twice = c != '\0' && parser->at[1] == c;

    if (parser->statement->count == 0 && (c == '&' || c == ';')) {
        return fail(parser, "a command is missing");
    }
    parser->statement->end = STATEMENT_THEN;
    if (c == '&' || c == '|') {
        parser->statement->end = c == '|' ? STATEMENT_OR
                                 : twice  ? STATEMENT_AND
                                          : STATEMENT_BACKGROUND;
        parser->at += 1 + twice;
        if (twice) { /* the next one may stand on the next line */
            for (blanks_skip(parser); *parser->at == '\n'; blanks_skip(parser)) {
                parser->at++;
            }
            if (*parser->at == '\0') {
                return fail(parser, "a command is missing");
            }
        }
    } else if (c != '\0') { /* ';' or the end of the line */
        parser->at++;
    }
    return true;
}

static void statement_take(struct parser *parser)
{
    for (blanks_skip(parser); *parser->at == '\n'; blanks_skip(parser)) {
        parser->at++;
    }
    while (command_take(parser)) {
        if (*parser->at != '|' || parser->at[1] == '|') {
            if (end_take(parser)) {
                return;
            }
            break;
        }
        parser->at++;
    }
}

int statement_parse(struct statement *statement, const char **text, variable_find find,
                    void *context, const char **reason)
{
    struct parser parser = {.statement = statement, .at = *text, .find = find, .context = context};

    statement->count = statement->word_count = 0;
    statement->used = 0;
    statement->end = STATEMENT_THEN;
    statement_take(&parser);
    if (parser.reason != NULL) {
        statement->count = 0;
        parser.at = *text + strlen(*text);
    }
    *text = parser.at;
    *reason = parser.reason;
    return parser.reason == NULL ? OK : ERROR_INVALID;
}

bool word_is_assignment(const char *word, size_t *bytes)
{
    *bytes = 0;
    while (is_letter(word[*bytes]) || (*bytes > 0 && is_digit(word[*bytes]))) {
        ++*bytes;
    }
    return *bytes > 0 && *bytes < NAME_BYTES && word[*bytes] == '=';
}
