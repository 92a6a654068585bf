/* The system calls that write and read the kernel's log: syscall_list.h describes them. */
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/console/log_ring.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"

/*
 * Replaces what is not printable: control characters could move the cursor or begin a line that
 * looks like one of the kernel.
 */
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

int64_t call_log_read(uint64_t handle, uint64_t from, uint64_t to, uint64_t bytes)
{
    struct object *object;
    void *buffer;
    int error = handle_find(caller_handles(), handle, OBJECT_LOG, RIGHT_READ, &object, NULL);
    if (error != OK) {
        return error;
    }
    object_release(object);
    if (bytes < LOG_READ_BYTES_MIN) {
        return ERROR_INVALID;
    }
    bytes = bytes < LOG_READ_BYTES_MAX ? bytes : LOG_READ_BYTES_MAX;
    error = kmalloc(bytes, &buffer);
    if (error != OK) {
        return error;
    }
    struct log_chunk *chunk = buffer;
    chunk->next = from;
    size_t used = sizeof(*chunk) +
                  log_copy(&chunk->next, (char *)(chunk + 1), bytes - sizeof(*chunk), &chunk->lost);
    error = user_copy_out(to, buffer, used);
    kfree(buffer);
    return error == OK ? (int64_t)used : error;
}
