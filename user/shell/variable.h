/* The variables of the shell. */
#pragma once

#include "lib/compiler.h"

#define VARIABLES_MOST       32
#define VARIABLE_NAME_BYTES  32
#define VARIABLE_VALUE_BYTES 128

/* Sets a variable. Returns ERROR_QUOTA (there are too many) or ERROR_TOO_LONG, else OK. */
must_check int variable_set(const char *name, size_t name_bytes, const char *value);

/* Returns the value, or NULL: the variable_find of parse.h. */
const char *variable_get(void *context, const char *name);

/* Returns the name of a variable by its place, and stores its value; NULL behind the last one. */
const char *variable_at(unsigned place, const char **value);
