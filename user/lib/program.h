/* A program's start and end, and what its creator gave it. */
#pragma once

#include "lib/program_start.h"

#define PROGRAM_WORDS_MAX 32

/* The program's own function: `words` holds `count` arguments, the program's name first. The
 * program ends with the status that it returns. */
int main(unsigned count, char **words);

/* After a backslash in the arguments: nothing, so that a word may be empty. */
#define PROGRAM_WORD_EMPTY 'e'

/*
 * Writes a word into `to`, an array of `size` bytes, as arguments have it: a backslash stands
 * before a space and before a backslash. Terminates it. Returns its bytes, or 0 if it does not fit.
 */
must_check size_t program_word_quote(char *to, size_t size, const char *word);

/* What the creator gave. The arguments in it are cut into the words of main(). */
extern struct program_start program_start;

/* Ends the program, all its threads, with a status that holders of its task handle can read. */
noreturn_function void program_exit(int status);
