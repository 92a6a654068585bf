/* The commands that the shell runs itself, and the help for all. */
#pragma once

#include "user/lib/stream.h"
#include "user/shell/parse.h"

struct builtin {
    const char *name;
    int (*run)(const struct command *command); /* returns its status */
    bool prints; /* it only prints, so it may begin a pipeline, and print to a file */
};

/* Returns the shell's own command of this name, or NULL. */
const struct builtin *builtin_find(const char *name);

/* Runs the shell's own command that the first word names; its text goes to a stream. Returns its
 * status. */
int builtin_run_to(const struct command *command, struct stream *stream);

/* Returns the name by its place, NULL behind the last one. */
const char *builtin_at(unsigned place);

/* The command help: of all, or of the one that the second word names. */
int help_run(const struct command *command);
