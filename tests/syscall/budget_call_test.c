/* System calls of budgets, made by user mode. */
#include "kernel/task/task.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/eventually.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

#define NAME_AT (USER_WORLD_STACK + 0x100) /* a string for task_create */

TEST(SYS0090,
     "limits of a budget, and its end, are for a task that began one, and within its frames",
     ALWAYS)
{
    if (!script_begin(100)) {
        return;
    }
    memcpy((void *)((uintptr_t)user_world_stack(&script_world) + 0x100), "made", 4);
    uint32_t before = task_count();
    int64_t with = script_call(SYSCALL_task_create, NAME_AT, 4, 100);
    int64_t without = script_call(SYSCALL_task_create, NAME_AT, 4, 0);
    test_check(with > 0 && without > 0);
    test_equal(script_call(SYSCALL_task_budget_set, (uint64_t)without, 1, 1), ERROR_INVALID);
    test_equal(script_call(SYSCALL_task_family_kill, (uint64_t)without, 0, 0), ERROR_INVALID);
    test_equal(script_call(SYSCALL_task_budget_set, (uint64_t)with, 1UL << 32, 1), ERROR_QUOTA);
    test_equal(script_call(SYSCALL_task_budget_set, (uint64_t)with, 1, 1UL << 32), ERROR_QUOTA);
    test_equal(script_call(SYSCALL_task_budget_set, (uint64_t)with, 1, 1), OK);
    struct object *object;
    int error =
        handle_find(&script_handles, (uint64_t)with, OBJECT_TASK, RIGHT_READ, &object, NULL);
    test_equal(error, OK);
    if (error == OK) {
        const struct task *task = container_of(object, struct task, object);
        test_equal(task->budget->task_limit, 1);
        test_equal(task->budget->thread_limit, 1);
        test_equal(task->budget->quota->limit, 100);
        object_release(object);
    }
    test_equal(script_call(SYSCALL_task_family_kill, (uint64_t)with, 3, 0), OK);
    test_equal(script_call(SYSCALL_task_wait, (uint64_t)with, 0, 0), OK);
    test_equal(script_call(SYSCALL_handle_close, (uint64_t)with, 0, 0), OK);
    test_equal(script_call(SYSCALL_handle_close, (uint64_t)without, 0, 0), OK);
    test_eventually(task_count() == before, "a task is still there");
    script_end();
}
