/*
 * The shell.
 *
 *   shell            reads commands from the console
 *   shell -c TEXT    runs the commands in a text
 *   shell FILE       runs the commands in a file
 *   shell -b FILE    runs the commands in a file, and then reads commands from the console
 *
 * Started without servers, as by the monitor, it starts `init`, which starts the servers and a
 * shell on them.
 */
#include "user/shell/shell.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/console_protocol.h"
#include "user/files_protocol.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/service.h"
#include "user/lib/spawn.h"
#include "user/lib/touch.h"
#include "user/services_protocol.h"
#include "user/shell/builtin.h"
#include "user/shell/complete.h"
#include "user/shell/job.h"
#include "user/shell/start.h"
#include "user/shell/variable.h"
#include "user/syscalls.h"

#define PROMPT           "stalactite$ "
#define SCRIPT_BYTES     16384
#define CANDIDATES_BYTES 4096

uint32_t console_service, files;
bool shell_ends, shell_interrupted;
int last_status;

static struct stream *said; /* NULL: the console */

void say(const char *format, ...)
{
    static struct stream console;
    va_list arguments;

    stream_open(&console, console_service);
    va_start(arguments, format);
    /* Nobody reads it, if it fails. */
    ignore_result(stream_print_list(said != NULL ? said : &console, format, arguments));
    va_end(arguments);
}

void say_to(struct stream *stream)
{
    said = stream;
}

/* Runs a statement of one word NAME=VALUE. Returns whether it is one. */
static bool assignment_run(const struct statement *statement)
{
    const struct command *command = &statement->commands[0];
    size_t bytes;

    if (statement->count != 1 || command->count != 1 ||
        !word_is_assignment(command->words[0], &bytes)) {
        return false;
    }
    last_status = variable_set(command->words[0], bytes, command->words[0] + bytes + 1);
    if (last_status != OK) {
        say("%s: %s\n", command->words[0], error_name(last_status));
    }
    return true;
}

/*
 * Returns whether a command can be run as it is connected. A command of the shell itself reads
 * nothing; one that only prints may begin a pipeline or print to a file.
 */
static bool command_is_connectable(const struct statement *statement, unsigned i)
{
    const struct command *command = &statement->commands[i];
    const struct builtin *builtin = builtin_find(command->words[0]);
    bool alone = statement->count == 1;

    if (builtin == NULL) {
        return true;
    }
    if (command->input != NULL) {
        return false;
    }
    return builtin->prints ? i == 0 && (alone || command->output == NULL)
                           : alone && command->output == NULL;
}

/* Runs a command of the shell itself that stands alone. Returns its status. */
static int builtin_run(const struct builtin *builtin, const struct command *command)
{
    struct stream stream;
    uint32_t file;
    int status;

    if (command->output == NULL) {
        return builtin->run(command);
    }
    status = command_output_open(command, &file);
    if (status == OK) {
        stream_open(&stream, file);
        status = builtin_run_to(command, &stream);
        ignore_result(sys_handle_close(file)); /* it was opened here */
    }
    return status;
}

static void statement_run(struct statement *statement)
{
    const struct builtin *builtin = builtin_find(statement->commands[0].words[0]);

    if (assignment_run(statement)) {
        return;
    }
    for (unsigned i = 0; i < statement->count; i++) {
        if (!command_is_connectable(statement, i)) {
            say("'%s' is a command of the shell itself: it cannot stand there\n",
                statement->commands[i].words[0]);
            last_status = STATUS_USAGE;
            return;
        }
    }
    last_status = builtin != NULL && statement->count == 1
                      ? builtin_run(builtin, &statement->commands[0])
                      : job_run(statement, builtin != NULL ? builtin_run_to : NULL);
}

int text_run(const char *text)
{
    static struct statement statements[4]; /* scripts within scripts */
    static unsigned depth;
    struct statement *statement = &statements[depth];
    bool skip = false;
    const char *reason;

    if (depth == array_length(statements)) {
        say("sh: too many files within each other\n");
        return last_status = ERROR_QUOTA;
    }
    depth++;
    for (;;) {
        if (statement_parse(statement, &text, variable_get, NULL, &reason) != OK) {
            say("syntax: %s\n", reason);
            last_status = STATUS_USAGE;
        }
        if (statement->count == 0 || shell_ends || shell_interrupted) {
            break;
        }
        enum statement_end end = statement->end;
        if (!skip) {
            statement_run(statement);
        }
        skip =
            (end == STATEMENT_AND && last_status != 0) || (end == STATEMENT_OR && last_status == 0);
    }
    depth--;
    return last_status;
}

int file_run(const char *path)
{
    static char texts[3][SCRIPT_BYTES];
    static unsigned depth;
    struct stream stream;
    uint32_t file;
    uint64_t size;
    size_t used = 0;
    int64_t read = files_open(files, 0, path, strlen(path), &file, &size);

    if (read < 0 || depth == array_length(texts)) {
        say("sh: %s: %s\n", path,
            read < 0 ? error_name((int)read) : "too many files within each other");
        return STATUS_NOT_FOUND;
    }
    char *text = texts[depth++];
    stream_open(&stream, file);
    while (used < SCRIPT_BYTES - 1 &&
           (read = stream_read(&stream, text + used, SCRIPT_BYTES - 1 - used)) > 0) {
        used += (size_t)read;
    }
    text[used] = '\0';
    ignore_result(sys_handle_close(file)); /* it was opened here */
    int status = used == SCRIPT_BYTES - 1 ? ERROR_TOO_LONG : text_run(text);
    depth--;
    return status;
}

/* Edits a line. Returns its event; an error if there is no console. */
static int64_t line_get(char *line, size_t size)
{
    static char candidates[CANDIDATES_BYTES];
    uint64_t event, interrupts;
    size_t bytes;
    int64_t error = console_line(console_service, PROMPT, strlen(PROMPT), &event, &interrupts, line,
                                 size - 1, &bytes);

    while (error >= 0 && event == CONSOLE_COMPLETE) {
        size_t used = candidates_write(candidates, sizeof(candidates), line, bytes);

        error = console_complete(console_service, candidates, used, &event, &interrupts, line,
                                 size - 1, &bytes);
    }
    jobs_line_begin(interrupts);
    line[error >= 0 ? bytes : 0] = '\0';
    return error < 0 ? error : (int64_t)event;
}

/* Edits a line as line_get() does. If the console's server ends meanwhile, the next one is asked. */
static int64_t line_try(char *line, size_t size)
{
    int64_t event = ERROR_PEER_DIED;

    for (unsigned i = 0; i < SERVER_TRIES && event == ERROR_PEER_DIED; i++) {
        event = line_get(line, size);
    }
    return event;
}

/* Runs what the user types, until the end of it. */
static int interactive(void)
{
    char line[512];
    int64_t event;

    if (program_start.handles[PROGRAM_HANDLE_PARENT] != 0) {
        /* init logs it; without init nobody asks. */
        ignore_result(services_ready(program_start.handles[PROGRAM_HANDLE_PARENT]));
    }
    say("\n\x1b[1mStalactite\x1b[0m: a shell in user mode. Type 'help' for the commands, 'exit' to"
        " leave.\n");
    do {
        jobs_tell();
        event = line_try(line, sizeof(line));
        if (event == CONSOLE_LINE) {
            (void)text_run(line);
        } else if (event == CONSOLE_DAMAGED) {
            say("Input was lost: this line is not executed.\n");
        }
    } while (event >= 0 && event != CONSOLE_END && !shell_ends);
    if (event == CONSOLE_END) {
        say("exit\n");
    }
    return event < 0 ? (int)event : last_status;
}

/* Starts `init` with all that this program was given, and waits for it. */
static int session_begin(void)
{
    struct spawn_options options;
    const char *reason;
    uint32_t task;

    spawn_init(&options, "init shell");
    for (unsigned kind = 0; kind < PROGRAM_HANDLE_COUNT; kind++) {
        if (kind != PROGRAM_HANDLE_TASK && kind != PROGRAM_HANDLE_THREAD &&
            program_start.handles[kind] != 0) {
            spawn_pass(&options, kind,
                       kind == PROGRAM_HANDLE_ARCHIVE
                           ? RIGHT_READ | RIGHT_DUPLICATE | RIGHT_TRANSFER
                           : RIGHTS_ALL);
        }
    }
    if (spawn(&options, &task, &reason) != OK) {
        printf("init is not started: %s", reason);
        return 1;
    }
    return spawn_wait(task);
}

int main(unsigned count, char **words)
{
    int status, error;

    program_touch();
    if (program_start.handles[PROGRAM_HANDLE_NAMES] == 0) {
        return session_begin();
    }
    error = service_find("console", &console_service);
    if (error == OK) {
        error = service_find("files", &files);
    }
    if (error == OK) {
        error = jobs_init();
    }
    if (error != OK) {
        printf("%s", error_name(error));
        return error;
    }
    if (count == 3 && string_equal(words[1], "-c")) {
        status = text_run(words[2]);
    } else if (count == 3 && string_equal(words[1], "-b")) {
        status = file_run(words[2]);
        status = shell_ends ? status : interactive();
    } else {
        status = count == 2 ? file_run(words[1]) : interactive();
    }
    jobs_end();
    return status;
}
