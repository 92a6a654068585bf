/* Starts one program of a pipeline. */
#pragma once

#include "user/lib/pipe.h"
#include "user/shell/parse.h"

/* What a program of a pipeline is connected to. */
struct command_ends {
    const struct pipe *input, *output; /* NULL: the console */
    bool background;                   /* it does not read the console */
};

/*
 * Opens the file that a command's output is directed to, or says on the console why that fails.
 * Errors: those of files_open().
 */
must_check int command_output_open(const struct command *command, uint32_t *file);

/* Returns whether the program of a command is one that may stop servers. */
bool command_stops_servers(const struct command *command);

/*
 * Lets all servers go on. A program that has stopped one may have been ended before it could: then
 * every call of that server would wait for ever.
 */
void servers_resume(void);

/*
 * Starts the program of a command, with its redirections, and stores its task. Returns OK, or says
 * on the console why it is not started. Errors: those of spawn() and files_open().
 */
must_check int command_start(const struct command *command, const struct command_ends *ends,
                             uint32_t *task);
