/*
 * Starts other programs: makes a task, loads a file of the boot archive into it, gives it handles,
 * and starts its first thread. Only the first program is started by the kernel itself.
 */
#pragma once

#include "lib/program_start.h"
#include "lib/tar.h"

/* How a program is started. spawn_init() sets what most programs get. */
struct spawn_options {
    const char *words; /* its name and its arguments, separated by spaces */
    /*
     * 0: it is in the caller's budget. Else it begins a budget within that, for itself and what it
     * starts: so many pages of memory, or TASK_FRAMES_MOST; and so many tasks and threads, with so
     * many pages that budgets within it cannot have. 0: seven eighths of the caller's; no page.
     */
    size_t frames, reserve;
    uint32_t tasks, threads;
    unsigned priority; /* of its threads; not above the caller's */
    uint32_t *thread;  /* where a handle to its first thread is stored; NULL: it is not wanted */
    /*
     * Handles that the program gets, by what they are for; 0: none. It always gets handles to its
     * own task and first thread.
     */
    struct {
        uint32_t handle; /* a handle of the caller, with RIGHT_TRANSFER and `rights` */
        uint32_t rights;
    } given[PROGRAM_HANDLE_COUNT];
};

/*
 * Prepares options with the caller's priority and budget. The program will get the caller's handle to the log,
 * if the caller has one.
 */
void spawn_init(struct spawn_options *options, const char *words);

/*
 * Sets the options so that the program gets the handle that the caller was given for this use, with
 * these rights.
 */
void spawn_pass(struct spawn_options *options, enum program_handle kind, uint32_t rights);

/*
 * Starts the program of the boot archive whose name is the first of the words, and stores a handle
 * to its task. After an error, *reason says why in words, and no task is left. Errors:
 * ERROR_TOO_LONG (the words), those of archive_find(), ERROR_CORRUPT and ERROR_UNSUPPORTED (the
 * file: lib/elf_program.h), and those of the system calls.
 */
must_check int spawn(const struct spawn_options *options, uint32_t *task, const char **reason);

/*
 * Starts a program from an ELF file in memory, as spawn() does. Errors: those of spawn() but for
 * archive_find()'s.
 */
must_check int spawn_file(const struct spawn_options *options, const void *file, size_t bytes,
                          uint32_t *task, const char **reason);

/* Waits until a program has ended, closes the handle to its task, and returns its status. */
int spawn_wait(uint32_t task);
