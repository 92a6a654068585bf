/*
 * The monitor: a prompt at which a person looks at the running kernel. Commands are data; each
 * stands in a file kernel/monitor_*.c like this, and the linker collects them:
 *
 *     MONITOR_COMMAND(pte, "ADDRESS", "show the page-table walk of an address")
 *     {
 *         ... count, arguments[0] ...
 *         return OK;
 *     }
 *
 * A command runs in the monitor's thread; it may sleep and may be told to stop by control-C
 * (monitor_stop_wanted()). The number of arguments has been checked against the description. It
 * returns ERROR_INVALID to have its usage shown, another error to have that said.
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

/* Reads and runs commands for ever. Thread context. */
noreturn_function void monitor_run(void);

/* Runs one line; it is split in place. Returns what the command returned. Thread context. */
int monitor_execute(char *line);

/* The command with this name, or a null pointer. Any context. */
const struct monitor_command *monitor_command_find(const char *name);

/* The command after `name` in alphabetical order ("" for the first), or a null pointer. */
const struct monitor_command *monitor_command_after(const char *name);

/* Has control-C been pressed since the command began? Other keys are dropped. */
bool monitor_stop_wanted(void);
