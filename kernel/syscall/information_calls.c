/* The system calls that read figures of the whole system: syscall_list.h describes them. */
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/information/information.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"

static must_check int information_check(uint64_t handle)
{
    struct object *object;
    int error =
        handle_find(caller_handles(), handle, OBJECT_INFORMATION, RIGHT_READ, &object, NULL);
    if (error == OK) {
        object_release(object);
    }
    return error;
}

int64_t call_information_read(uint64_t handle, uint64_t to, uint64_t bytes)
{
    int error = information_check(handle);
    if (error != OK) {
        return error;
    }
    const struct information information = information_totals();
    if (bytes > sizeof(information)) {
        bytes = sizeof(information);
    }
    error = user_copy_out(to, &information, bytes);
    return error == OK ? (int64_t)bytes : error;
}

int64_t call_information_list(uint64_t handle, uint64_t kind, uint64_t from, uint64_t to,
                              uint64_t bytes)
{
    void *buffer;
    int error = information_check(handle);
    if (error == OK) {
        error = kmalloc(INFORMATION_SLICE_BYTES, &buffer);
    }
    if (error != OK) {
        return error;
    }
    int64_t result = information_records(
        kind, from, buffer, bytes < INFORMATION_SLICE_BYTES ? bytes : INFORMATION_SLICE_BYTES);
    if (result > 0) {
        error = user_copy_out(to, buffer, (size_t)result);
        result = error == OK ? result : error;
    }
    kfree(buffer);
    return result;
}
