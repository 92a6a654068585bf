/* A line split into words. Pure logic; any context. */
#pragma once

#include "lib/compiler.h"

#define ARGUMENTS_MAX 8 /* the command's name included */

struct arguments {
    unsigned count;
    char *words[ARGUMENTS_MAX];
};

/*
 * Splits at blanks and tabs, in place: the words point into `line`. "..." keeps blanks together.
 * ERROR_RANGE for more than ARGUMENTS_MAX words, ERROR_INVALID for a quote that is not closed; what
 * was split so far stands in *out.
 */
must_check int arguments_split(char *line, struct arguments *out);

/*
 * Does this number of words, the command's own not counted, fit a description such as
 * "ADDRESS [COUNT]"? Words in brackets may be left out; "..." at the end allows any number more.
 */
bool arguments_fit(const char *description, unsigned count);
