/* A program's start and end, and what its creator gave it. */
#pragma once

#include "lib/program_start.h"

#define PROGRAM_WORDS_MAX (PROGRAM_ARGUMENTS_BYTES / 2) /* there cannot be more */

/*
 * The program's main function, which the program defines. `words` holds `count` words, the
 * program's name first; NULL follows the last one. The program ends with the status that main()
 * returns.
 */
int main(unsigned count, char **words);

/*
 * After a backslash in the arguments this letter stands for no character, so that a word may be
 * empty.
 */
#define PROGRAM_WORD_EMPTY 'e'

/*
 * Writes a word into `to`, an array of `size` bytes, in the form that it has in arguments: with a
 * backslash before each space and each backslash. Terminates it. Returns its length without the
 * terminator, or 0 if it does not fit.
 */
must_check size_t program_word_quote(char *to, size_t size, const char *word);

/*
 * What the program's creator gave it. The arguments in it are split in place: the words of main()
 * point there.
 */
extern struct program_start program_start;

/* Ends the program, all its threads, with a status that holders of its task handle can read. */
noreturn_function void program_exit(int status);
