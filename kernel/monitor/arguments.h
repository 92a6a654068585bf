/* Splits a line into words, and checks their number. */
#pragma once

#include "lib/compiler.h"

#define ARGUMENTS_MAX 8 /* the command's name included */

struct arguments {
    unsigned count;
    char *words[ARGUMENTS_MAX];
};

/*
 * Splits `line` at blanks and tabs, in place: the words point into it. Quotes keep blanks within a
 * word. Context: ANY. Errors: ERROR_RANGE for more than ARGUMENTS_MAX words, ERROR_INVALID for a
 * quote that is not closed; *out then has the words before that place.
 */
must_check int arguments_split(char *line, struct arguments *out);

/*
 * Returns whether `count` arguments fit a description such as "ADDRESS [COUNT]". Words in brackets
 * may be left out; "..." at the end allows any number more. Context: ANY.
 */
bool arguments_fit(const char *description, unsigned count);
