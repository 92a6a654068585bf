/* System calls of a console server: syscall_list.h describes them. */
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/ipc/console_object.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"

#define READ_BYTES 512 /* most bytes of one call */

int64_t call_console_take(uint64_t system, uint64_t notification, uint64_t text, uint64_t interrupt,
                          uint64_t change)
{
    struct object *object;
    struct console_object *console;
    int error = handle_find(caller_handles(), system, OBJECT_SYSTEM, RIGHT_WRITE, &object, NULL);
    if (error != OK) {
        return error;
    }
    object_release(object);
    error =
        handle_find(caller_handles(), notification, OBJECT_NOTIFICATION, RIGHT_SEND, &object, NULL);
    if (error != OK) {
        return error;
    }
    error = console_object_create(notification_of(object), text, interrupt, change, &console);
    object_release(object);
    if (error != OK) {
        return error;
    }
    object_acquire(&console->object);
    int64_t handle = caller_open(&console->object, RIGHTS_ALL, 0);
    if (handle < 0) {
        console_object_end(console);
    }
    object_release(&console->object);
    return handle;
}

int64_t call_console_read(uint64_t handle, uint64_t to, uint64_t bytes)
{
    char text[READ_BYTES];
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_CONSOLE, RIGHT_READ, &object, NULL);
    if (error != OK) {
        return error;
    }
    int64_t result = console_handover_take(text, bytes < sizeof(text) ? bytes : sizeof(text));
    object_release(object);
    if (result > 0) {
        error = user_copy_out(to, text, (size_t)result);
        result = error == OK ? result : error;
    }
    return result;
}
