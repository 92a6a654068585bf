/* See session.h. */
#include "user/init/session.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/init/supervisor.h"
#include "user/lib/archive.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/syscalls.h"

static struct config config;

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
static int shell_run(const char *words, uint32_t names)
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
    uint32_t names;
    int error = config_load(name);

    if (error == OK) {
        error = supervisor_begin(&config, &names, &reason);
        if (error != OK) {
            printf("the servers are not started: %s", reason);
        }
    }
    if (error == OK) {
        error = shell_run(words, names);
    }
    supervisor_end();
    return error;
}
