/* Pipes between programs, made by the program that starts both of them. pipe_end.h has the ends. */
#pragma once

#include "user/lib/pipe_end.h"
#include "user/lib/spawn.h"

/* The handles of a pipe, with all rights. */
struct pipe {
    uint32_t memory, data, room;
};

/* Makes a pipe. Errors: those of memory_create() and notification_create(). */
must_check int pipe_create(struct pipe *pipe);

/* Closes the caller's handles. The programs that were given the ends keep them. */
void pipe_close(struct pipe *pipe);

/*
 * Set the options of a program that is about to be started so that it gets the reading end as its
 * input, or the writing end as its output.
 */
void pipe_give_input(struct spawn_options *options, const struct pipe *pipe);
void pipe_give_output(struct spawn_options *options, const struct pipe *pipe);
