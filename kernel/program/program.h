/*
 * Starts programs of the boot archive from inside the kernel: the first one, and those that the
 * monitor and tests ask for. Each gets handles to all objects of kernel_objects.h and to the
 * archive. Programs start other programs with user/lib/spawn.h.
 */
#pragma once

#include "kernel/task/task.h"

/* How a program is started. */
struct program_options {
    const char *words; /* its name and its arguments, separated by spaces */
    /*
     * The object that PROGRAM_HANDLE_PARENT names, an endpoint for instance; object NULL: nothing.
     */
    struct handle_value parent;
};

/*
 * Starts the program whose name is the first of the words. The caller gets a reference to the task,
 * for task_wait() and object_release(). After an error *reason says why in words. Context: THREAD.
 * Errors: ERROR_NOT_FOUND (there is no archive, or no such program in it), ERROR_TOO_LONG (the
 * words), ERROR_CORRUPT and ERROR_UNSUPPORTED (the file: lib/elf_program.h), ERROR_NO_MEMORY.
 */
must_check int program_run(const struct program_options *options, struct task **task,
                           const char **reason);

/*
 * Starts the first program, `init`, and waits up to two seconds for its end, so that its output
 * comes before what follows. It may still run when this returns. Logs what went wrong. Does nothing
 * without an archive. Context: THREAD.
 */
void program_init_run(void);

/*
 * Starts `init`, which starts the servers and a shell, and waits until the shell has ended, or the
 * monitor has got the console back. With `script` the shell runs the commands of begin.sh of the
 * archive before its first prompt. Logs what went wrong. Does nothing without an archive.
 * Context: THREAD.
 */
void program_shell_run(bool script);
