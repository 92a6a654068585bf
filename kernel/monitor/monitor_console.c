/* The command that gives the serial port back to the console server. */
#include "kernel/console/console_handover.h"
#include "kernel/monitor/monitor.h"

MONITOR_COMMAND(resume, "", "give the serial port back to the program that had it")
{
    if (!console_handover_resume()) {
        console_print("No program waits for the serial port.\n");
    }
    return OK;
}
