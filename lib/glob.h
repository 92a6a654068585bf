/* Shell patterns, for names of tests. */
#pragma once

#include <stdbool.h>

/*
 * Returns whether the whole text matches the pattern: * matches any run of characters, ? any one,
 * [abc] and [a-z] one of a set, [!...] and [^...] one outside it, \x the character x. A set without
 * its end and a backslash at the end match themselves. Case matters. The time is at worst
 * proportional to pattern times text. Context: ANY.
 */
bool glob_match(const char *pattern, const char *text);

/* Returns whether the text matches one of several patterns, separated by commas. Context: ANY. */
bool glob_match_any(const char *patterns, const char *text);
