/* See session.h. */
#include "user/init/session.h"

#include "lib/error.h"
#include "lib/information.h"
#include "lib/string.h"
#include "user/init/control.h"
#include "user/init/supervisor.h"
#include "user/lib/archive.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/syscalls.h"

static struct config config;

/*
 * What the shell and the user's programs may have: seven eighths of the frames that are free now.
 * The rest is for the servers, the kernel's objects and the kernel stacks of the user's threads: so
 * servers answer when the user's programs have used up what they may have. A task with a thread,
 * whose kernel stack is full, needs some KERNEL_FRAMES there. SHELL_FRAMES are the shell's alone.
 */
#define RESERVE_PART  8
#define KERNEL_FRAMES 6
#define SHELL_FRAMES  256

static int budget_make(struct spawn_options *options)
{
    struct information information;
    int64_t bytes = sys_information_read(program_start.handles[PROGRAM_HANDLE_INFORMATION],
                                         (uintptr_t)&information, sizeof(information));

    if (bytes < 0) {
        return (int)bytes;
    }
    size_t reserve = information.frames_free / RESERVE_PART;
    options->frames = information.frames_free - reserve;
    options->tasks = options->threads = (uint32_t)(reserve / KERNEL_FRAMES) + 1;
    options->reserve = options->frames > 2 * SHELL_FRAMES ? SHELL_FRAMES : 0;
    return OK;
}

static int config_load(const char *name)
{
    struct tar_file file;
    const char *reason;
    unsigned line;
    int error = archive_find(name, &file, &reason);

    if (error != OK) {
        printf("%s: %s", name, reason);
        return error;
    }
    error = config_read(&config, (const char *)file.data, file.bytes, &line, &reason);
    if (error != OK) {
        printf("%s: line %u: %s", name, line, reason);
    }
    return error;
}

/* Starts the shell, and returns its status. */
static int shell_run(const char *words, uint32_t names, uint32_t control)
{
    static const enum program_handle passed[] = {PROGRAM_HANDLE_ARCHIVE,
                                                 PROGRAM_HANDLE_INFORMATION};
    struct spawn_options options;
    const char *reason;
    uint32_t task;
    int error;

    spawn_init(&options, words);
    spawn_pass(&options, PROGRAM_HANDLE_LOG,
               RIGHT_READ | RIGHT_WRITE | RIGHT_DUPLICATE | RIGHT_TRANSFER);
    for (unsigned i = 0; i < array_length(passed); i++) {
        spawn_pass(&options, passed[i],
                   passed[i] == PROGRAM_HANDLE_ARCHIVE
                       ? RIGHT_READ | RIGHT_DUPLICATE | RIGHT_TRANSFER
                       : RIGHTS_ALL);
    }
    spawn_pass(&options, PROGRAM_HANDLE_SYSTEM, RIGHT_WRITE); /* poweroff, reboot, monitor */
    options.given[PROGRAM_HANDLE_NAMES].handle = names;
    options.given[PROGRAM_HANDLE_NAMES].rights = RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER;
    options.given[PROGRAM_HANDLE_PARENT].handle = control;
    options.given[PROGRAM_HANDLE_PARENT].rights = RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER;
    error = budget_make(&options);
    if (error != OK) {
        printf("what is free is not known: %s", error_name(error));
        return error;
    }
    error = spawn(&options, &task, &reason);
    if (error != OK) {
        printf("'%s' is not started: %s", words, reason);
        return error;
    }
    return spawn_wait(task);
}

int session_run(const char *name, const char *words)
{
    const char *reason;
    uint32_t names, control;
    int error = config_load(name);

    if (error == OK) {
        error = supervisor_begin(&config, &names, &reason);
        if (error != OK) {
            printf("the servers are not started: %s", reason);
        }
    }
    if (error == OK) {
        error = control_begin(&control);
        if (error != OK) {
            printf("the services cannot be controlled: %s", error_name(error));
        }
    }
    if (error == OK) {
        error = shell_run(words, names, control);
    }
    supervisor_end();
    return error;
}
