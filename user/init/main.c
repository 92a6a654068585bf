/*
 * The first program: the kernel starts it, and it starts all others.
 *
 *   init                counts the programs and starts one of them
 *   init shell [SCRIPT] runs a session at the terminal: the servers of init.conf, and a shell, which
 *                       runs the script before its first prompt
 *   init quiet SCRIPT [CONFIGURATION]
 *                       runs a session without a terminal: the servers of quiet.conf or of another
 *                       file of the archive, and a shell that runs the script
 *
 * Its status is that of the shell.
 */
#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"
#include "user/init/session.h"
#include "user/lib/archive.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/lib/touch.h"

#define STATUS_FAILED 1

/* Prints how many programs there are to start. */
static int programs_count(void)
{
    struct tar_reader reader;
    struct tar_file file;
    const char *reason;
    unsigned count = 0;
    int error = archive_open(&reader, &reason);

    if (error != OK) {
        printf("no archive: %s", reason);
        return error;
    }
    while (tar_next(&reader, &file) == OK) {
        count++;
    }
    printf("the first program, in ring 3; the archive has %u", count);
    return OK;
}

/* Starts a program and waits for its end. */
static int program_run(const char *words)
{
    struct spawn_options options;
    const char *reason;
    uint32_t task;
    int error, status;

    spawn_init(&options, words);
    error = spawn(&options, &task, &reason);
    if (error != OK) {
        printf("'%s' is not started: %s", words, reason);
        return error;
    }
    status = spawn_wait(task);
    printf("'%s' has ended with status %d", words, status);
    return status;
}

int main(unsigned count, char **words)
{
    char shell[PROGRAM_ARGUMENTS_BYTES];

    program_touch();
    if (count == 2 && string_equal(words[1], "shell")) {
        return session_run("init.conf", "shell");
    }
    if (count == 3 && string_equal(words[1], "shell")) {
        format_string(shell, sizeof(shell), "shell -b %s", words[2]);
        return session_run("init.conf", shell);
    }
    if ((count == 3 || count == 4) && string_equal(words[1], "quiet")) {
        format_string(shell, sizeof(shell), "shell %s", words[2]);
        return session_run(count == 4 ? words[3] : "quiet.conf", shell);
    }
    return programs_count() == OK && program_run("hello") == OK ? 0 : STATUS_FAILED;
}
