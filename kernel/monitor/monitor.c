/* The loop of the monitor: reads a line, splits it, runs its command, and explains mistakes. */
#include "kernel/monitor/monitor.h"

#include "kernel/monitor/arguments.h"
#include "lib/edit_distance.h"
#include "lib/line_editor.h"
#include "lib/string.h"

#define PROMPT           "stalactite> "
#define TERMINAL_COLUMNS 80 /* what every terminal has */
#define GUESS_DISTANCE   2  /* a command that differs by at most so many letters is suggested */
#define HELP_SUGGESTION  "'help' lists the commands"

extern const struct monitor_command __monitor_commands_start[], __monitor_commands_end[];

static struct line_editor editor; /* used by the monitor's thread only */

const struct monitor_command *monitor_command_find(const char *name)
{
    for (const struct monitor_command *command = __monitor_commands_start;
         command < __monitor_commands_end; command++) {
        if (string_equal(command->name, name)) {
            return command;
        }
    }
    return NULL;
}

const struct monitor_command *monitor_command_after(const char *name)
{
    const struct monitor_command *next = NULL;
    for (const struct monitor_command *command = __monitor_commands_start;
         command < __monitor_commands_end; command++) {
        if (strcmp(command->name, name) > 0 &&
            (next == NULL || strcmp(command->name, next->name) < 0)) {
            next = command;
        }
    }
    return next;
}

static void unknown_command_say(const char *name)
{
    const struct monitor_command *nearest = NULL;
    unsigned distance = GUESS_DISTANCE + 1;
    for (const struct monitor_command *command = monitor_command_after(""); command != NULL;
         command = monitor_command_after(command->name)) {
        unsigned here = edit_distance(name, command->name);
        if (string_starts_with(command->name, name)) {
            here = 1; /* the beginning of a name */
        }
        if (here < distance && here * 2 <= strlen(command->name)) {
            nearest = command;
            distance = here;
        }
    }
    if (nearest != NULL) {
        console_print("There is no command '%s'. Did you mean '%s'? (" HELP_SUGGESTION ")\n", name,
                      nearest->name);
    } else {
        console_print("There is no command '%s'; " HELP_SUGGESTION ".\n", name);
    }
}

static void usage_say(const struct monitor_command *command)
{
    console_print("Usage: %s%s%s (%s)\n", command->name, *command->arguments == '\0' ? "" : " ",
                  command->arguments, command->help);
}

int monitor_execute(char *line)
{
    struct arguments words;
    int error = arguments_split(line, &words);
    if (error != OK) {
        console_print(error == ERROR_RANGE ? "That is more than %u words.\n"
                                           : "A quote is not closed.\n",
                      ARGUMENTS_MAX);
        return error;
    }
    if (words.count == 0) {
        return OK;
    }
    const struct monitor_command *command = monitor_command_find(words.words[0]);
    if (command == NULL) {
        unknown_command_say(words.words[0]);
        return ERROR_NOT_FOUND;
    }
    error = arguments_fit(command->arguments, words.count - 1)
                ? command->run(words.count - 1, words.words + 1)
                : ERROR_INVALID;
    if (error == ERROR_INVALID) {
        usage_say(command);
    } else if (error != OK) {
        console_print("%s: %s\n", command->name, error_name(error));
    }
    return error;
}

static void editor_write(void *context maybe_unused, const char *text, size_t bytes)
{
    console_write(text, bytes);
}

/* Completes command names, for the first word and for the argument of "help". */
static const char *editor_candidate(void *context maybe_unused, const char *line, size_t start,
                                    size_t bytes, size_t index)
{
    if (start != 0 && !(start == 5 && string_starts_with(line, "help "))) {
        return NULL;
    }
    for (const struct monitor_command *command = monitor_command_after(""); command != NULL;
         command = monitor_command_after(command->name)) {
        if (strncmp(command->name, line + start, bytes) == 0 && index-- == 0) {
            return command->name;
        }
    }
    return NULL;
}

bool monitor_stop_wanted(void)
{
    bool wanted = console_try_read_stop();
    if (wanted) {
        console_print("^C\n");
    }
    return wanted;
}

void monitor_run(void)
{
    static const struct line_editor_port port = {.write = editor_write,
                                                 .candidate = editor_candidate};
    line_editor_init(&editor, &port, PROMPT, TERMINAL_COLUMNS);
    console_print("Type 'help' for the commands.\n");
    for (;;) {
        enum line_state state = LINE_EDITING;
        line_editor_begin(&editor);
        while (state == LINE_EDITING || state == LINE_END) { /* the monitor does not end */
            state = line_editor_key(&editor, console_read_key());
        }
        if (state == LINE_DONE) {
            (void)monitor_execute(editor.text);
        } else if (state == LINE_DAMAGED) {
            console_print_styled(CONSOLE_ERROR, "Input was lost: this line is not executed.\n");
        }
    }
}
