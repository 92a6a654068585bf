/* Commands about processors and interrupts, and those that end the kernel. */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/dev/reset.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/smp/smp.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/monitor/monitor.h"

#define COUNTS_A_LINE 6

MONITOR_COMMAND(irqs, "", "count the interrupts by vector and processor")
{
    unsigned cpus = cpu_online_count();
    console_print_styled(CONSOLE_HEADING, "vector  count on each of %u CPU%s\n", cpus,
                         cpus == 1 ? "" : "s");
    for (unsigned vector = 0; vector < VECTOR_COUNT && !monitor_stop_wanted(); vector++) {
        uint64_t sum = 0;
        for (unsigned cpu = 0; cpu < cpus; cpu++) {
            sum += interrupt_count(vector, cpu);
        }
        const char *name = interrupt_name(vector);
        if (sum == 0 && name == NULL) {
            continue;
        }
        console_print("0x%02x    %-16s", vector, name == NULL ? "-" : name);
        for (unsigned cpu = 0; cpu < cpus; cpu++) {
            bool wrap = cpu > 0 && cpu % COUNTS_A_LINE == 0;
            console_print("%s%8lu", wrap ? "\n                        " : "",
                          interrupt_count(vector, cpu));
        }
        console_print("\n");
    }
    return OK;
}

MONITOR_COMMAND(reboot, "", "restart the machine")
{
    machine_reboot();
}

MONITOR_COMMAND(poweroff, "", "switch the machine off")
{
    machine_power_off();
}
