/* Commands about the monitor itself and the machine as a whole. */
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "kernel/console/log_ring.h"
#include "kernel/monitor/monitor.h"
#include "kernel/options.h"
#include "kernel/test/selftest.h"
#include "lib/string.h"

static void command_show(const struct monitor_command *command)
{
    int blanks = 24 - (int)(strlen(command->name) + strlen(command->arguments));
    console_print("  %s %s%*s%s\n", command->name, command->arguments, blanks > 1 ? blanks : 1, "",
                  command->help);
}

static void option_show(const char *text)
{
    console_print("%s\n", text);
}

MONITOR_COMMAND(help, "[COMMAND|options]", "list the commands, or explain one")
{
    if (count == 1 && string_equal(arguments[0], "options")) {
        console_print("Words of the kernel's command line, with what they are without:\n");
        options_list(option_show);
        return OK;
    }
    if (count == 1) {
        const struct monitor_command *command = monitor_command_find(arguments[0]);
        if (command == NULL) {
            console_print("There is no command '%s'.\n", arguments[0]);
            return OK;
        }
        command_show(command);
        return OK;
    }
    for (const struct monitor_command *command = monitor_command_after(""); command != NULL;
         command = monitor_command_after(command->name)) {
        command_show(command);
    }
    console_print("Tab completes, the arrows edit and recall lines, control-C drops one.\n"
                  "'help options' lists the words of the kernel's command line.\n");
    return OK;
}

static void line_show(void *context maybe_unused, enum log_level level, const char *line)
{
    console_print_styled(log_level_style(level), "%s\n", line);
}

MONITOR_COMMAND(log, "[LEVEL]", "show the log again, down to a level (error to debug)")
{
    enum log_level level = LOG_DEBUG;
    if (count == 1 && log_level_parse(arguments[0], &level) != OK) {
        return ERROR_INVALID;
    }
    log_each(level, line_show, NULL);
    return OK;
}

MONITOR_COMMAND(panic, "", "stop the machine as a kernel bug would")
{
    panic("asked for at the monitor");
}

MONITOR_COMMAND(test, "[PATTERN]", "run the tests that match, as in STK* or LIN0001,MEM*")
{
    (void)selftest_run(count == 1 ? arguments[0] : "*");
    return OK;
}
