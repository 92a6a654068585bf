/* See handover.h. */
#include "user/console/handover.h"

#include "lib/error.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

static uint32_t console; /* the kernel's object; 0: none */

int handover_begin(uint32_t notification, uint64_t text, uint64_t interrupt, uint64_t change)
{
    int64_t made = sys_console_take(program_start.handles[PROGRAM_HANDLE_SYSTEM], notification,
                                    text, interrupt, change);

    console = made > 0 ? (uint32_t)made : 0;
    return made < 0 ? (int)made : OK;
}

bool handover_has_begun(void)
{
    return console != 0;
}

int64_t handover_describe(struct console_devices *devices)
{
    return sys_console_describe(console, (uintptr_t)devices);
}

int64_t handover_text(char *to, size_t bytes)
{
    return sys_console_read(console, (uintptr_t)to, bytes);
}

void handover_monitor(void)
{
    /* It has the right, or handover_begin() would have failed. */
    ignore_result(sys_system_control(program_start.handles[PROGRAM_HANDLE_SYSTEM], SYSTEM_MONITOR));
}
