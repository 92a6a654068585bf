/*
 * Jobs: pipelines whose programs run. Control-C ends the programs of the job in the foreground; a
 * thread of the shell waits for it.
 */
#pragma once

#include "user/lib/spawn.h"
#include "user/lib/stream.h"
#include "user/shell/parse.h"

#define JOBS_MOST 32

/* Starts the thread that waits for control-C. The console must be there. */
must_check int jobs_init(void);

/* Begins a line of commands; the console's count of control-C was this when the line ended. */
void jobs_line_begin(uint64_t interrupts);

/* Runs one of the shell's own commands, which prints to a stream. Returns its status. */
typedef int (*command_print)(const struct command *command, struct stream *stream);

/*
 * Starts the programs of a pipeline and waits for them, unless it runs in the background. They are
 * none of the shell's own commands, but the first one is if there is a `first`: then that is run
 * once those that read have started. Returns the status of the last program.
 */
int job_run(struct statement *statement, command_print first);

/* Says which jobs of the background have ended since the last call. */
void jobs_tell(void);

/* The shell's commands jobs and kill. */
int jobs_list(void);
int job_kill(const char *word);

/* Ends all jobs: the shell is about to end. */
void jobs_end(void);
