/* The commands that the shell runs itself, and the help for all. */
#pragma once

#include "user/shell/parse.h"

struct builtin {
    const char *name;
    int (*run)(const struct command *command); /* returns its status */
};

/* Returns the shell's own command of this name, or NULL. */
const struct builtin *builtin_find(const char *name);

/* Returns the name by its place, NULL behind the last one. */
const char *builtin_at(unsigned place);

/* The command help: of all, or of the one that the second word names. */
int help_run(const struct command *command);
