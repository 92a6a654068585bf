/* See caller.h. */
#include "kernel/syscall/caller.h"

#include "lib/error.h"

int64_t caller_open(struct object *object, unsigned rights, uint64_t badge)
{
    uint32_t handle;
    int error = handle_open(caller_handles(), object, rights, badge, &handle);
    object_release(object);
    return error == OK ? (int64_t)handle : error;
}
