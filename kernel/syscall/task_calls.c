/* System calls of tasks and threads: syscall_list.h describes them. */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "kernel/task/task_circle.h"
#include "kernel/task/task_family.h"
#include "kernel/task/task_handler.h"
#include "lib/error.h"

/* Finds a task or thread by its handle. The caller releases the object. */
static must_check int target_find(uint64_t handle, enum object_type type, unsigned rights,
                                  struct object **object)
{
    return handle_find(caller_handles(), handle, type, rights, object, NULL);
}

/* Writes a status to an address of the caller's memory. Does nothing if the address is 0. */
static must_check int status_store(uint64_t address, int status)
{
    int64_t value = status;
    return address != 0 ? user_copy_out(address, &value, sizeof(value)) : OK;
}

/* A task makes no task that may have more than it may have itself, nor more together with it. */
static void limits_inherit(struct task_options *options, struct task *own, uint64_t frames)
{
    options->creator = own;
    if (frames == 0) {
        options->frames = own->quota->limit;
    } else if (frames == TASK_FRAMES_MOST) {
        options->frames = BUDGET_INNER(own->quota->limit);
    }
    options->threads = own->thread_limit;
    options->handles = own->handles.limit;
    options->stack_pages = own->stack_page_limit;
}

int64_t call_task_create(uint64_t name, uint64_t bytes, uint64_t frames)
{
    char text[TASK_NAME_BYTES];
    struct task *task;
    struct task *own = task_current();

    if (bytes >= sizeof(text)) {
        return ERROR_TOO_LONG;
    }
    if (own != NULL && frames > own->quota->limit && frames != TASK_FRAMES_MOST) {
        return ERROR_QUOTA;
    }
    int error = user_copy_in(text, name, bytes);
    if (error != OK) {
        return error;
    }
    text[bytes] = '\0';
    struct task_options options = {
        .name = text,
        .frames = frames != TASK_FRAMES_MOST ? frames : TASK_FRAMES_DEFAULT,
        .begins_budget = frames != 0,
    };
    if (own != NULL) {
        limits_inherit(&options, own, frames);
    }
    error = task_create(&options, &task);
    if (error != OK) {
        return error;
    }
    object_acquire(&task->object);
    task_circle_change_begin(); /* until it has its handle, it must not be taken for one of a circle */
    __atomic_store_n(&task->is_for_programs, true, __ATOMIC_RELEASE);
    int64_t handle = caller_open(&task->object, RIGHTS_ALL, 0);
    task_circle_change_end();
    if (handle < 0) {
        task_kill(task, (int)handle); /* without a handle no program could end it */
    }
    object_release(&task->object);
    return handle;
}

int64_t call_task_limits_set(uint64_t handle, uint64_t threads, uint64_t handles,
                             uint64_t stack_pages)
{
    const struct task *own = task_current();
    struct task *task;
    int error = caller_task_find(handle, &task);
    if (error != OK) {
        return error;
    }
    if (own == NULL || threads > own->thread_limit || handles > own->handles.limit ||
        stack_pages > own->stack_page_limit) {
        error = ERROR_QUOTA;
    } else {
        task_limits_set(task, (uint32_t)threads, (uint32_t)handles, (uint32_t)stack_pages);
    }
    object_release(&task->object);
    return error;
}

int64_t call_task_budget_set(uint64_t handle, uint64_t tasks, uint64_t threads, uint64_t reserve)
{
    const struct task *own = task_current();
    const struct budget *around = own != NULL ? own->budget : NULL;
    struct task *task;
    int error = caller_task_find(handle, &task);
    if (error != OK) {
        return error;
    }
    if (!task->began_budget) {
        error = ERROR_INVALID;
    } else if (tasks > UINT32_MAX || threads > UINT32_MAX || reserve > task->quota->limit ||
               (around != NULL && (tasks > around->task_limit || threads > around->thread_limit))) {
        error = ERROR_QUOTA;
    } else {
        budget_limits_set(task->budget, (uint32_t)tasks, (uint32_t)threads, reserve);
    }
    object_release(&task->object);
    return error;
}

int64_t call_task_family_kill(uint64_t handle, uint64_t status)
{
    struct task *task;
    int error = caller_task_find(handle, &task);
    if (error == OK) {
        error = task_family_kill(task, (int)status);
        object_release(&task->object);
    }
    return error;
}

int64_t call_task_kill(uint64_t handle, uint64_t status)
{
    struct task *task;
    int error = caller_task_find(handle, &task);
    if (error == OK) {
        task_kill(task, (int)status);
        object_release(&task->object);
    }
    return error;
}

int64_t call_task_exit(uint64_t status)
{
    struct task *task = task_current();
    if (task != NULL) {
        task_kill(task, (int)status);
    }
    thread_exit((int)status);
}

int64_t call_task_wait(uint64_t handle, uint64_t deadline_ns, uint64_t status_address)
{
    struct object *object;
    int status;
    int error = target_find(handle, OBJECT_TASK, RIGHT_READ, &object);
    if (error != OK) {
        return error;
    }
    error =
        task_wait(container_of(object, struct task, object), caller_timeout(deadline_ns), &status);
    object_release(object);
    return error == OK ? status_store(status_address, status) : error;
}

/* Creates a thread, and gives it the FPU if the flags ask for it. */
static must_check int thread_make(struct task *task, unsigned priority, uint64_t affinity,
                                  uint64_t flags, struct user_thread **user)
{
    int error = user_thread_create(task, priority, affinity, user);
    if (error == OK && (flags & THREAD_FPU)) {
        error = user_thread_fpu_give(*user);
        if (error != OK) {
            object_release(&(*user)->object);
        }
    }
    return error;
}

int64_t call_thread_create(uint64_t handle, uint64_t priority, uint64_t affinity, uint64_t flags)
{
    struct task *task;
    struct user_thread *user;
    if (flags & ~(uint64_t)THREAD_FPU) {
        return ERROR_INVALID;
    }
    int error = caller_task_find(handle, &task);
    if (error != OK) {
        return error;
    }
    /* No thread gives a priority above its own base priority. */
    error = priority > thread_current()->base_priority
                ? ERROR_RANGE
                : thread_make(task, (unsigned)priority, affinity, flags, &user);
    object_release(&task->object);
    return error == OK ? caller_open(&user->object, RIGHTS_ALL, 0) : error;
}

int64_t call_thread_start(uint64_t handle, uint64_t rip, uint64_t rsp, uint64_t argument)
{
    struct user_thread *user;
    int error = caller_thread_find(handle, RIGHT_MANAGE, &user);
    if (error == OK) {
        error = caller_stacks_check();
        error = error == OK ? user_thread_start(user, rip, rsp, argument) : error;
        object_release(&user->object);
    }
    return error;
}

int64_t call_thread_exit(uint64_t status)
{
    thread_exit((int)status);
}

int64_t call_thread_kill(uint64_t handle)
{
    struct user_thread *user;
    int error = caller_thread_find(handle, RIGHT_MANAGE, &user);
    if (error == OK) {
        user_thread_kill(user);
        object_release(&user->object);
    }
    return error;
}

int64_t call_thread_wait(uint64_t handle, uint64_t deadline_ns, uint64_t status_address)
{
    struct user_thread *user;
    int status;
    int error = caller_thread_find(handle, RIGHT_READ, &user);
    if (error != OK) {
        return error;
    }
    error = user_thread_wait(user, caller_timeout(deadline_ns), &status);
    object_release(&user->object);
    return error == OK ? status_store(status_address, status) : error;
}

int64_t call_thread_priority_set(uint64_t handle, uint64_t priority)
{
    struct user_thread *user;
    int error = caller_thread_find(handle, RIGHT_MANAGE, &user);
    if (error != OK) {
        return error;
    }
    error = priority > thread_current()->base_priority
                ? ERROR_RANGE
                : user_thread_priority_set(user, (unsigned)priority);
    object_release(&user->object);
    return error;
}

int64_t call_handle_grant(uint64_t handle, uint64_t granted, uint64_t rights)
{
    struct task *task;
    struct handle_value value;
    uint32_t made;

    if (rights > RIGHTS_ALL) {
        return ERROR_INVALID;
    }
    int error = caller_task_find(handle, &task);
    if (error != OK) {
        return error;
    }
    error = handle_value_take(caller_handles(), granted, RIGHT_TRANSFER | (unsigned)rights, &value);
    if (error == OK) {
        error = task_handle_open(task, value.object, (unsigned)rights, value.badge, &made);
        handle_value_release(&value);
    }
    object_release(&task->object);
    return error == OK ? (int64_t)made : error;
}

int64_t call_thread_pointer_set(uint64_t address)
{
    if (address >= USER_END) {
        return ERROR_RANGE;
    }
    uint64_t flags = interrupts_save();
    user_context_fs_set(&thread_user()->context, address);
    msr_write(MSR_FS_BASE, address);
    interrupts_restore(flags);
    return OK;
}

/*
 * Takes a value of the handle that names the handler. For handle 0 it makes an empty value: no
 * handler.
 */
static must_check int handler_take(uint64_t handle, struct handle_value *value)
{
    *value = (struct handle_value){.object = NULL};
    return handle == 0
               ? OK
               : handle_value_take_as(caller_handles(), handle, OBJECT_ENDPOINT, RIGHT_SEND, value);
}

int64_t call_task_handler_set(uint64_t handle, uint64_t endpoint)
{
    struct handle_value value;
    struct task *task;
    int error = caller_task_find(handle, &task);
    if (error != OK) {
        return error;
    }
    error = handler_take(endpoint, &value);
    if (error == OK) {
        error = task_handler_set(task, &value);
        if (error != OK && value.object != NULL) {
            handle_value_release(&value);
        }
    }
    object_release(&task->object);
    return error;
}
