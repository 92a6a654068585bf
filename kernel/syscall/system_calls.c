/* The system call that switches the machine off: syscall_list.h describes it. */
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/dev/reset.h"
#include "kernel/console/console.h"
#include "kernel/console/console_handover.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"

int64_t call_system_control(uint64_t handle, uint64_t action)
{
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_SYSTEM, RIGHT_WRITE, &object, NULL);
    if (error != OK) {
        return error;
    }
    object_release(object);
    switch (action) {
    case SYSTEM_POWER_OFF:
        log_info("a program switches the machine off");
        console_flush();
        machine_power_off();
    case SYSTEM_REBOOT:
        log_info("a program starts the machine anew");
        console_flush();
        machine_reboot();
    case SYSTEM_MONITOR:
        console_handover_pause();
        return OK;
    default:
        return ERROR_INVALID;
    }
}
