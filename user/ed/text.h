/* The lines of the file that is edited, counted from 1. One thread. */
#pragma once

#include "lib/compiler.h"

#define TEXT_LINE_BYTES 512 /* of the longest line, with its terminator */

/* Returns how many lines there are. */
unsigned text_lines(void);

/* Returns a line, of 1 to text_lines(), without its end. */
const char *text_line(unsigned number);

/* Adds a line behind the line `after`; 0: before the first one. Errors: ERROR_NO_MEMORY. */
must_check int text_insert(unsigned after, const char *line);

/* Removes the lines from `first` to `last`. */
void text_remove(unsigned first, unsigned last);

/*
 * Replaces the first `old` in a line, or each with `all`. Returns how many it replaced. Errors:
 * ERROR_TOO_LONG, ERROR_NO_MEMORY; then the line is as before.
 */
must_check int text_replace(unsigned number, const char *old, const char *new, bool all);
