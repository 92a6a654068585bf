/* Shell patterns for names of tests. No state, no recursion; any context. */
#pragma once

#include <stdbool.h>

/*
 * True if the whole text matches the pattern: * any run of characters, ? any one, [abc], [a-z] one
 * of a set and [!...] or [^...] one outside it, \x the character x itself. A set without its end
 * and a backslash at the end stand for themselves. Case matters. Time at worst proportional to
 * pattern times text.
 */
bool glob_match(const char *pattern, const char *text);

/* True if the text matches one of several patterns separated by commas. */
bool glob_match_any(const char *patterns, const char *text);
