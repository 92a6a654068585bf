/*
 * The shell's language: takes the next statement off a text. Portable: tested on the host.
 *
 *   statement  pipeline, up to the end of the line, ';', '&', '&&' or '||'
 *   pipeline   commands with '|' between them
 *   command    words and redirections: <FILE >FILE >>FILE
 *   word       characters; '...' as it is, "..." with variables, \x; $NAME ${NAME} $?
 *   #          begins a comment at a word's beginning
 *
 * A variable is expanded when its statement is taken, so a statement sees what the one before has
 * set. Its value stays one word.
 */
#pragma once

#include "lib/compiler.h"

#define STATEMENT_COMMANDS 8
#define STATEMENT_WORDS    64
#define STATEMENT_BYTES    2048

struct command {
    unsigned count;             /* of words, at least 1 */
    char **words;               /* with a null pointer behind */
    const char *input, *output; /* files; NULL: none */
    bool appends;               /* to `output` */
};

/* What stands behind a statement. */
enum statement_end {
    STATEMENT_THEN,       /* the next one follows */
    STATEMENT_BACKGROUND, /* '&': it is not waited for */
    STATEMENT_AND,        /* '&&': the next one, if this one succeeds */
    STATEMENT_OR,         /* '||': the next one, if this one fails */
};

struct statement {
    unsigned count; /* of commands; 0: there is none any more */
    enum statement_end end;
    struct command commands[STATEMENT_COMMANDS];
    unsigned word_count;
    char *words[STATEMENT_WORDS + STATEMENT_COMMANDS];
    size_t used;
    char bytes[STATEMENT_BYTES];
};

/* Returns the value of a variable, "?" among them, or NULL. */
typedef const char *(*variable_find)(void *context, const char *name);

/*
 * Takes the next statement from *text on, and moves *text behind it. Returns OK or ERROR_INVALID;
 * then *reason says what is wrong, and *text is at the end.
 */
must_check int statement_parse(struct statement *statement, const char **text, variable_find find,
                               void *context, const char **reason);

/* Returns whether a word is NAME=VALUE. Then *bytes is the length of the name. */
must_check bool word_is_assignment(const char *word, size_t *bytes);
