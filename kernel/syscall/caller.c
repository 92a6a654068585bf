/* See caller.h. */
#include "kernel/syscall/caller.h"

#include "lib/error.h"

int caller_stacks_check(void)
{
    const struct task *task = thread_user()->task;
    if (task == NULL) {
        return OK;
    }
    user_thread_stack_charge(thread_current());
    uint32_t pages = __atomic_load_n(&task->stack_pages, __ATOMIC_RELAXED);
    uint32_t limit = __atomic_load_n(&task->stack_page_limit, __ATOMIC_RELAXED);
    return pages <= limit ? OK : ERROR_QUOTA;
}

int64_t caller_open(struct object *object, unsigned rights, uint64_t badge)
{
    uint32_t handle;
    int error = caller_stacks_check();
    if (error == OK) {
        error = handle_open(caller_handles(), object, rights, badge, &handle);
    }
    object_release(object);
    return error == OK ? (int64_t)handle : error;
}

int caller_thread_find(uint64_t handle, unsigned rights, struct user_thread **user)
{
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_THREAD, rights, &object, NULL);
    if (error == OK) {
        *user = container_of(object, struct user_thread, object);
    }
    return error;
}

uint64_t caller_timeout(uint64_t deadline_ns)
{
    return wait_time_left(deadline_ns);
}

int caller_task_find(uint64_t handle, struct task **task)
{
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_TASK, RIGHT_MANAGE, &object, NULL);
    if (error == OK) {
        *task = container_of(object, struct task, object);
    }
    return error;
}

int caller_system_check(uint64_t handle)
{
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_SYSTEM, RIGHT_MANAGE, &object, NULL);
    if (error == OK) {
        object_release(object);
    }
    return error;
}
