/* The command that prints the kernel's counters. */
#include "kernel/information/counters.h"
#include "kernel/monitor/monitor.h"
#include "lib/glob.h"

MONITOR_COMMAND(kstat, "[PATTERN]", "show the kernel's counters and what they count")
{
    unsigned shown = 0;
    console_print_styled(CONSOLE_HEADING, "%-16s %14s  %s\n", "counter", "value", "counts");
    for (unsigned i = 0; i < counter_count(); i++) {
        if (count == 0 || glob_match(arguments[0], counter_name(i))) {
            console_print("%-16s %14lu  %s\n", counter_name(i), counter_value(i),
                          counter_meaning(i));
            shown++;
        }
    }
    if (shown == 0) {
        console_print("No counter has such a name; 'kstat' shows them all.\n");
    }
    return OK;
}
