/*
 * The shell: what its parts share. main.c reads lines, run.c runs statements, builtin.c has the
 * commands of the shell itself, job.c the programs that run, variable.c the variables, help.c the
 * texts.
 */
#pragma once

#include "user/lib/stream.h"
#include "user/shell/parse.h"

#define STATUS_NOT_FOUND 127
#define STATUS_USAGE     2

/* `init` leaves a server that ends six times in a row: then a call fails at once, each time. */
#define SERVER_TRIES 8

extern uint32_t console_service; /* the console's endpoint; 0: none */
extern uint32_t files;           /* the file server's endpoint */
extern bool shell_ends;          /* exit was called */
extern bool shell_interrupted;   /* control-C ended a job: what follows on the line is left out */
extern int last_status;          /* $? */

/* Prints on the console, or where say_to() says. */
void say(const char *format, ...) printf_like(1, 2);

/* Sends what say() prints to a stream; NULL: to the console. */
void say_to(struct stream *stream);

/* Runs all statements of a text. Returns the status of the last one. */
int text_run(const char *text);

/* Runs a file of statements. Returns its status. */
int file_run(const char *path);
