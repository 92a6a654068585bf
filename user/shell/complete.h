/* What the shell offers for Tab. */
#pragma once

#include "lib/compiler.h"

/*
 * Writes the candidates for the last word of a line (`bytes` bytes), one a line, into `to`. Returns
 * how many bytes that are; what does not fit is left out.
 */
size_t candidates_write(char *to, size_t size, const char *line, size_t bytes);
