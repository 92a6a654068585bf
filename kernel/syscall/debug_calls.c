/* System calls that stop threads and touch their registers: syscall_list.h describes them. */
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "kernel/task/user_thread_stop.h"
#include "lib/error.h"

int64_t call_thread_suspend(uint64_t handle, uint64_t deadline_ns)
{
    struct user_thread *user;
    int error = caller_thread_find(handle, RIGHT_MANAGE, &user);
    if (error == OK) {
        error = user_thread_suspend(user, caller_timeout(deadline_ns));
        object_release(&user->object);
    }
    return error;
}

int64_t call_thread_resume(uint64_t handle)
{
    struct user_thread *user;
    int error = caller_thread_find(handle, RIGHT_MANAGE, &user);
    if (error == OK) {
        user_thread_resume(user);
        object_release(&user->object);
    }
    return error;
}

int64_t call_thread_registers_read(uint64_t handle, uint64_t to)
{
    struct thread_registers registers;
    struct user_thread *user;
    int error = caller_thread_find(handle, RIGHT_MANAGE, &user);
    if (error == OK) {
        error = user_thread_registers_read(user, &registers);
        object_release(&user->object);
    }
    return error == OK ? user_copy_out(to, &registers, sizeof(registers)) : error;
}

int64_t call_thread_registers_write(uint64_t handle, uint64_t from)
{
    struct thread_registers registers;
    struct user_thread *user;
    int error = caller_thread_find(handle, RIGHT_MANAGE, &user);
    if (error == OK) {
        error = user_copy_in(&registers, from, sizeof(registers));
        if (error == OK) {
            error = user_thread_registers_write(user, &registers);
        }
        object_release(&user->object);
    }
    return error;
}
