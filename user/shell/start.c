/* See start.h. */
#include "user/shell/start.h"

#include "lib/edit_distance.h"
#include "lib/error.h"
#include "lib/string.h"
#include "user/files_protocol.h"
#include "user/lib/archive.h"
#include "user/lib/program.h"
#include "user/services_protocol.h"
#include "user/shell/shell.h"
#include "user/syscalls.h"

/* The only program that gets the handle to end servers (user/protocol/services.h). */
#define SERVICE_PROGRAM "service"

/* A program may stand as "hello" or as "/boot/hello". */
static const char *program_name(const char *word)
{
    return string_starts_with(word, "/boot/") ? word + strlen("/boot/") : word;
}

bool command_stops_servers(const struct command *command)
{
    return string_equal(program_name(command->words[0]), SERVICE_PROGRAM);
}

void servers_resume(void)
{
    uint32_t init = program_start.handles[PROGRAM_HANDLE_PARENT];
    uint64_t starts, state;
    char name[64];
    size_t bytes;

    for (uint64_t at = 0; services_list(init, at, &starts, &state, name, sizeof(name), &bytes) >= 0;
         at++) {
        ignore_result(services_resume(init, name, bytes)); /* if none runs, the next one is new */
    }
}

/* Says that there is no such program, and which one may have been meant. */
static void unknown_say(const char *word)
{
    struct tar_reader reader;
    struct tar_file file;
    const char *reason, *nearest = NULL;
    static char name[TAR_NAME_BYTES];
    unsigned best = 3;

    if (archive_open(&reader, &reason) == OK) {
        while (tar_next(&reader, &file) == OK) {
            unsigned distance = edit_distance(word, file.name);

            if (distance < best && distance * 2 <= strlen(file.name)) {
                best = distance;
                ignore_result(string_copy(name, sizeof(name), file.name)); /* it fits */
                nearest = name;
            }
        }
    }
    if (nearest != NULL) {
        say("There is no command '%s'. Did you mean '%s'? 'help' lists the commands.\n", word,
            nearest);
    } else {
        say("There is no command '%s'. 'help' lists the commands.\n", word);
    }
}

/* Joins the words of a command as program_start wants them. Returns whether they fit. */
static bool words_join(char *to, size_t size, const struct command *command)
{
    size_t used = 0;

    for (unsigned i = 0; i < command->count; i++) {
        const char *word = i == 0 ? program_name(command->words[0]) : command->words[i];
        size_t bytes = program_word_quote(to + used, size - used, word);

        if (bytes == 0 || used + bytes + 1 >= size) {
            return false;
        }
        used += bytes;
        to[used++] = ' ';
    }
    to[used - 1] = '\0';
    return true;
}

/* Opens the file of a redirection. */
static int redirection_open(const char *path, uint64_t flags, uint32_t *file)
{
    uint64_t size;
    int64_t error = files_open(files, flags, path, strlen(path), file, &size);

    if (error < 0) {
        say("%s: %s\n", path, error_name((int)error));
    }
    return error < 0 ? (int)error : OK;
}

static void handle_give(struct spawn_options *options, enum program_handle kind, uint32_t handle)
{
    options->given[kind].handle = handle;
    options->given[kind].rights = RIGHT_SEND;
}

int command_output_open(const struct command *command, uint32_t *file)
{
    return redirection_open(
        command->output,
        FILES_WRITE | FILES_CREATE | (command->appends ? FILES_APPEND : FILES_TRUNCATE), file);
}

/* Opens the files of a command's redirections; 0: none. */
static int redirections_open(const struct command *command, uint32_t *input, uint32_t *output)
{
    int error = OK;

    *input = *output = 0;
    if (command->input != NULL) {
        error = redirection_open(command->input, 0, input);
    }
    if (error == OK && command->output != NULL) {
        error = command_output_open(command, output);
    }
    return error;
}

static void handle_drop(uint32_t handle)
{
    if (handle != 0) {
        ignore_result(sys_handle_close(handle)); /* it is the shell's own */
    }
}

/* Names the handles of a program. */
static void options_make(struct spawn_options *options, bool stops_servers, const char *words,
                         const struct command_ends *ends, uint32_t input, uint32_t output)
{
    static const enum program_handle passed[] = {PROGRAM_HANDLE_INFORMATION,
                                                 PROGRAM_HANDLE_ARCHIVE};

    spawn_init(options, words);
    options->frames = TASK_FRAMES_MOST; /* a budget of its own, so that all of it can be ended */
    options->priority = (unsigned)program_start.priority - 1; /* the shell is to be heard */
    spawn_pass(options, PROGRAM_HANDLE_LOG,
               RIGHT_READ | RIGHT_WRITE | RIGHT_DUPLICATE | RIGHT_TRANSFER);
    for (unsigned i = 0; i < array_length(passed); i++) {
        spawn_pass(options, passed[i],
                   passed[i] == PROGRAM_HANDLE_ARCHIVE
                       ? RIGHT_READ | RIGHT_DUPLICATE | RIGHT_TRANSFER
                       : RIGHTS_ALL);
    }
    if (stops_servers) {
        spawn_pass(options, PROGRAM_HANDLE_PARENT, RIGHT_SEND | RIGHT_TRANSFER); /* to its copy */
    }
    /* A program may start others, which find servers, too. */
    spawn_pass(options, PROGRAM_HANDLE_NAMES, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER);
    handle_give(options, PROGRAM_HANDLE_COMPLAINTS, console_service);
    handle_give(options, PROGRAM_HANDLE_OUTPUT, output != 0 ? output : console_service);
    handle_give(options, PROGRAM_HANDLE_INPUT,
                input != 0         ? input
                : ends->background ? 0
                                   : console_service);
    if (ends->input != NULL && input == 0) {
        pipe_give_input(options, ends->input);
    }
    if (ends->output != NULL && output == 0) {
        pipe_give_output(options, ends->output);
    }
}

int command_start(const struct command *command, const struct command_ends *ends, uint32_t *task)
{
    char words[PROGRAM_ARGUMENTS_BYTES];
    struct spawn_options options;
    const char *reason;
    uint32_t input, output;
    int error = redirections_open(command, &input, &output);

    if (error == OK && !words_join(words, sizeof(words), command)) {
        say("%s: the arguments are too long\n", command->words[0]);
        error = ERROR_TOO_LONG;
    }
    if (error == OK) {
        options_make(&options, command_stops_servers(command), words, ends, input, output);
        error = spawn(&options, task, &reason);
        if (error == ERROR_NOT_FOUND) {
            unknown_say(command->words[0]);
        } else if (error != OK) {
            say("%s: it is not started: %s\n", command->words[0], reason);
        }
    }
    handle_drop(input);
    handle_drop(output);
    return error;
}
