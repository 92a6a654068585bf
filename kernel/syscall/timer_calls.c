/* System calls of timers: syscall_list.h describes them. */
#include "kernel/ipc/timer_object.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"

int64_t call_timer_create(uint64_t handle, uint64_t bits)
{
    struct object *object;
    struct timer_object *timer;
    int error =
        handle_find(caller_handles(), handle, OBJECT_NOTIFICATION, RIGHT_SEND, &object, NULL);
    if (error != OK) {
        return error;
    }
    error = timer_object_create(notification_of(object), bits, &timer);
    object_release(object);
    return error == OK ? caller_open(&timer->object, RIGHTS_ALL, 0) : error;
}

int64_t call_timer_set(uint64_t handle, uint64_t at_ns)
{
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_TIMER, RIGHT_WRITE, &object, NULL);
    if (error == OK) {
        timer_object_set(timer_object_of(object), at_ns);
        object_release(object);
    }
    return error;
}

int64_t call_timer_cancel(uint64_t handle)
{
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_TIMER, RIGHT_WRITE, &object, NULL);
    if (error != OK) {
        return error;
    }
    bool was_set = timer_object_cancel(timer_object_of(object));
    object_release(object);
    return was_set;
}
