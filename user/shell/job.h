/*
 * Jobs: pipelines whose programs run. Control-C ends the programs of the job in the foreground; a
 * thread of the shell waits for it.
 */
#pragma once

#include "user/lib/spawn.h"
#include "user/shell/parse.h"

#define JOBS_MOST 32

/* Starts the thread that waits for control-C. The console must be there. */
must_check int jobs_init(void);

/* Begins a line of commands; the console's count of control-C was this when the line ended. */
void jobs_line_begin(uint64_t interrupts);

/*
 * Starts the programs of a pipeline, which are none of the shell's own commands, and waits for them
 * unless it runs in the background. Returns the status of its last program.
 */
int job_run(struct statement *statement);

/* Says which jobs of the background have ended since the last call. */
void jobs_tell(void);

/* The shell's commands jobs and kill. */
int jobs_list(void);
int job_kill(const char *word);

/* Ends all jobs: the shell is about to end. */
void jobs_end(void);
