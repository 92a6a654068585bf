/* The system call that writes to the kernel's log: syscall_list.h describes it. */
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"

/* Control characters could move the cursor, or pass for lines of the kernel. */
static char printable(char character)
{
    return character >= ' ' && character <= '~' ? character : '?';
}

int64_t call_log_write(uint64_t handle, uint64_t text, uint64_t bytes)
{
    char line[LOG_WRITE_BYTES_MAX + 1];
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_LOG, RIGHT_WRITE, &object, NULL);
    if (error != OK) {
        return error;
    }
    object_release(object);
    if (bytes > LOG_WRITE_BYTES_MAX) {
        return ERROR_TOO_LONG;
    }
    error = user_copy_in(line, text, bytes);
    if (error != OK) {
        return error;
    }
    for (uint64_t i = 0; i < bytes; i++) {
        line[i] = printable(line[i]);
    }
    line[bytes] = '\0';
    log_info("%s", line);
    return OK;
}
