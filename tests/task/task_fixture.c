/* See task_fixture.h. */
#include "tests/task/task_fixture.h"

#include "arch/x86_64/cpu/address.h"
#include "lib/string.h"
#include "mm/space/memory_object.h"
#include "tests/support/eventually.h"
#include "tests/test.h"

static int region_add(struct task *task, uintptr_t address, size_t bytes, unsigned rights)
{
    struct memory_object *object;
    int error = memory_object_create(bytes, task->quota, &object);
    if (error == 0) {
        error = address_space_map(&task->space, address, bytes, rights, object, 0);
        memory_object_release(object);
    }
    return error;
}

/* Fills a page as a write by the user would, and returns where the kernel sees it. */
static void *page_fill(struct task *task, uintptr_t address)
{
    const char *reason = "";
    int error =
        address_space_fault(&task->space, address, PAGE_FAULT_USER | PAGE_FAULT_WRITE, &reason);
    test_equal(error, 0);
    return physical_to_virtual(user_tables_entry(&task->space.tables, address) & PAGE_ADDRESS_MASK);
}

volatile uint64_t *task_fixture_data(struct task *task)
{
    return page_fill(task, USER_WORLD_DATA);
}

struct task *task_fixture_create(unsigned threads)
{
    const struct task_options options = {.name = "test"};
    struct task *task;
    int error = task_create(&options, &task);
    if (error == 0) {
        error = region_add(task, USER_WORLD_CODE, PAGE_BYTES, SPACE_READ | SPACE_WRITE);
        if (error == 0) {
            memcpy(page_fill(task, USER_WORLD_CODE), user_code_begin,
                   (size_t)(user_code_end - user_code_begin));
            error = address_space_protect(&task->space, USER_WORLD_CODE, PAGE_BYTES,
                                          SPACE_READ | SPACE_EXECUTE);
        }
        if (error == 0) {
            error = region_add(task, USER_WORLD_DATA, PAGE_BYTES, SPACE_READ | SPACE_WRITE);
        }
        if (error == 0) {
            error =
                region_add(task, TASK_STACKS, threads * TASK_STACK_STEP, SPACE_READ | SPACE_WRITE);
        }
        if (error != 0) {
            task_kill(task, error);
            object_release(&task->object);
        }
    }
    test_equal(error, 0);
    return error == 0 ? task : NULL;
}

void task_fixture_end(struct task *task)
{
    int status;
    task_kill(task, 0);
    test_equal(task_wait(task, TEST_EVENTUALLY_NS, &status), 0);
    object_release(&task->object);
}

struct user_thread *task_fixture_start(struct task *task, unsigned index, const char *code,
                                       uint64_t argument, uint64_t affinity)
{
    struct user_thread *user;
    int error = user_thread_create(task, THREAD_PRIORITY_DEFAULT, affinity, &user);
    if (error == 0) {
        error = user_thread_start(user, user_world_address(code),
                                  TASK_STACKS + (index + 1) * TASK_STACK_STEP, argument);
        if (error != 0) {
            object_release(&user->object);
        }
    }
    test_equal(error, 0);
    return error == 0 ? user : NULL;
}
