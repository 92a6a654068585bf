/*
 * The monitor: a prompt at which a person looks at the running kernel. Each command is defined in a
 * file kernel/monitor/monitor_*.c like this, and the linker collects them:
 *
 *     MONITOR_COMMAND(pte, "ADDRESS", "show the page-table walk of an address")
 *     {
 *         ... count, arguments[0] ...
 *         return OK;
 *     }
 *
 * A command runs in the monitor's thread and may sleep. A command that takes long calls
 * monitor_stop_wanted() now and then. The number of arguments has been checked against the
 * description. If the command returns ERROR_INVALID, its usage is printed; for another error, the
 * error's name.
 */
#pragma once

#include "kernel/console/console.h"
#include "lib/compiler.h"
#include "lib/error.h"

struct monitor_command {
    const char *name;
    const char *arguments; /* for people and for arguments_fit(): "ADDRESS [COUNT]" */
    const char *help;      /* one line, no full stop */
    int (*run)(unsigned count, char **arguments);
};

#define MONITOR_COMMAND(command, argument_names, help_line)                                        \
    static int monitor_run_##command(unsigned count, char **arguments);                            \
    static const struct monitor_command monitor_command_##command in_section(".monitor_commands")  \
        aligned_to(8) = {.name = #command,                                                         \
                         .arguments = (argument_names),                                            \
                         .help = (help_line),                                                      \
                         .run = monitor_run_##command};                                            \
    static int monitor_run_##command(unsigned count maybe_unused, char **arguments maybe_unused)

/* Reads and runs commands; does not return. Context: THREAD, once. */
noreturn_function void monitor_run(void);

/* Runs one line, which is split in place. Returns the result of the command. Context: THREAD. */
int monitor_execute(char *line);

/* Returns the command with this name, or NULL. Context: ANY. */
const struct monitor_command *monitor_command_find(const char *name);

/*
 * Returns the command after `name` in alphabetical order ("" for the first), or NULL. Context: ANY.
 */
const struct monitor_command *monitor_command_after(const char *name);

/*
 * Returns whether control-C was pressed, prints "^C" then, and takes that key. All other keys stay
 * for the prompt. Context: THREAD.
 */
bool monitor_stop_wanted(void);
