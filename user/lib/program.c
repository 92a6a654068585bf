/* What comes between the first instruction of a program and its main(). */
#include "user/lib/program.h"

#include "user/syscalls.h"

struct program_start program_start;

noreturn_function void program_main(const struct program_start *start);

noreturn_function void program_exit(int status)
{
    for (;;) { /* it does not return */
        ignore_result(sys_task_exit((uint64_t)status));
    }
}

/* Cuts the arguments at their spaces. Returns the number of words. */
static unsigned words_cut(char *text, char **words)
{
    unsigned count = 0;

    while (*text != '\0' && count < PROGRAM_WORDS_MAX) {
        if (*text == ' ') {
            *text++ = '\0';
            continue;
        }
        words[count++] = text;
        while (*text != '\0' && *text != ' ') {
            text++;
        }
    }
    return count;
}

/* The first C function, called by program_entry. */
noreturn_function void program_main(const struct program_start *start)
{
    static char *words[PROGRAM_WORDS_MAX + 1];

    program_start = *start;
    program_start.arguments[PROGRAM_ARGUMENTS_BYTES - 1] = '\0';
    program_exit(main(words_cut(program_start.arguments, words), words));
}
