/* System calls of handles: syscall_list.h describes them. */
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"

int64_t call_handle_close(uint64_t handle)
{
    return handle_close(caller_handles(), handle);
}

int64_t call_handle_duplicate(uint64_t handle, uint64_t rights)
{
    uint32_t duplicate;
    if (rights > RIGHTS_ALL) {
        return ERROR_INVALID;
    }
    int error = handle_duplicate(caller_handles(), handle, (unsigned)rights, &duplicate);
    return error == OK ? (int64_t)duplicate : error;
}
