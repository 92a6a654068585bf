/* A program's start and end, and what its creator gave it. */
#pragma once

#include "lib/program_start.h"

#define PROGRAM_WORDS_MAX 32

/* The program's own function: `words` holds `count` arguments, the program's name first. The
 * program ends with the status that it returns. */
int main(unsigned count, char **words);

/* What the creator gave. The arguments in it are cut into the words of main(). */
extern struct program_start program_start;

/* Ends the program, all its threads, with a status that holders of its task handle can read. */
noreturn_function void program_exit(int status);
