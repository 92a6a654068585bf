/* The monitor's table of commands; its help must fit the screen. */
#include "kernel/monitor/monitor.h"
#include "lib/string.h"
#include "tests/test.h"

TEST(MON0005, "every command has a name, a line of help and a function, and names differ", ALWAYS)
{
    unsigned commands = 0;
    for (const struct monitor_command *command = monitor_command_after(""); command != NULL;
         command = monitor_command_after(command->name)) {
        commands++;
        test_check(command->run != NULL);
        test_check(strlen(command->name) > 0 && strlen(command->help) > 10);
        size_t left = strlen(command->name) + 1 + strlen(command->arguments);
        size_t line = 2 + (left < 25 ? 25 : left + 1) + strlen(command->help);
        if (line > 79) {
            test_fail(__FILE__, __LINE__, "the help of %s takes %zu columns", command->name, line);
        }
        test_check(monitor_command_find(command->name) == command);
    }
    test_check(commands >= 5);
    test_check(monitor_command_find("") == NULL);
    test_check(monitor_command_find("hel") == NULL);
}
