/* The code between the first instruction of a program and its main(). */
#include "user/lib/program.h"

#include "user/syscalls.h"

struct program_start program_start;

noreturn_function void program_main(const struct program_start *start);

noreturn_function void program_exit(int status)
{
    for (;;) { /* the call does not return */
        ignore_result(sys_task_exit((uint64_t)status));
    }
}

/*
 * Ends the word that begins here and removes its backslashes, in place. Returns the text behind it.
 */
static char *word_cut(char *text)
{
    char *to = text;

    while (*text != '\0' && *text != ' ') {
        if (*text == '\\' && text[1] == PROGRAM_WORD_EMPTY) {
            text += 2;
            continue;
        }
        text += *text == '\\' && text[1] != '\0';
        *to++ = *text++;
    }
    char *next = *text == ' ' ? text + 1 : text;
    *to = '\0';
    return next;
}

/* Splits the arguments at their spaces, in place. Returns the number of words. */
static unsigned words_cut(char *text, char **words)
{
    unsigned count = 0;

    while (*text != '\0' && count < PROGRAM_WORDS_MAX) {
        if (*text == ' ') {
            text++;
            continue;
        }
        words[count++] = text;
        text = word_cut(text);
    }
    return count;
}

size_t program_word_quote(char *to, size_t size, const char *word)
{
    size_t used = 0;

    if (*word == '\0' && size > 2) {
        to[used++] = '\\';
        to[used++] = PROGRAM_WORD_EMPTY;
    }
    for (; *word != '\0'; word++) {
        if (used + 3 > size) {
            return 0;
        }
        if (*word == ' ' || *word == '\\') {
            to[used++] = '\\';
        }
        to[used++] = *word;
    }
    if (used < size) {
        to[used] = '\0';
    }
    return used;
}

/* The first C function, called by program_entry. */
noreturn_function void program_main(const struct program_start *start)
{
    static char *words[PROGRAM_WORDS_MAX + 1];

    program_start = *start;
    program_start.arguments[PROGRAM_ARGUMENTS_BYTES - 1] = '\0';
    program_exit(main(words_cut(program_start.arguments, words), words));
}
