/* System calls of tasks and threads, made by user mode. */
#include "kernel/task/task.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/task/budget.h"
#include "kernel/task/user_thread.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define NAME_AT   (USER_WORLD_STACK + 0x100) /* a string for task_create */
#define STATUS_AT (USER_WORLD_STACK + 0x200)

extern const char user_code_spin[], user_code_script[];

static bool begin(void)
{
    if (!script_begin(100)) {
        return false;
    }
    memcpy((void *)((uintptr_t)user_world_stack(&script_world) + 0x100), "made", 4);
    return true;
}

static int64_t status_read(void)
{
    return (int64_t)user_world_stack(&script_world)[0x200 / sizeof(uint64_t)];
}

/* Opens a handle of the scripts to an object, with all rights. */
static uint32_t handle_to(struct object *object)
{
    uint32_t handle = 0;
    test_equal(handle_open(&script_handles, object, RIGHTS_ALL, 0, &handle), OK);
    return handle;
}

TEST(SYS0040,
     "a task is created by a name that fits and can be read, and ends with its last handle", ALWAYS)
{
    if (!begin()) {
        return;
    }
    uint32_t before = task_count();
    int64_t handle = script_call(SYSCALL_task_create, NAME_AT, 4, 100);
    test_check(handle > 0);
    test_equal(task_count(), before + 1);
    test_equal(script_call(SYSCALL_task_create, NAME_AT, TASK_NAME_BYTES, 0), ERROR_TOO_LONG);
    test_equal(script_call(SYSCALL_task_create, NAME_AT, UINT64_MAX, 0), ERROR_TOO_LONG);
    test_equal(script_call(SYSCALL_task_create, USER_END, 4, 0), ERROR_FAULT);
    test_equal(script_call(SYSCALL_task_create, DIRECT_MAP_BASE, 4, 0), ERROR_FAULT);
    test_equal(task_count(), before + 1);
    test_equal(script_call(SYSCALL_handle_close, (uint64_t)handle, 0, 0), OK);
    test_eventually(task_count() == before, "the abandoned task is still there");
    script_end();
}

#define LIST_AT (USER_WORLD_DATA + 0x800) /* of the calls that a thread of a task makes */

/*
 * Has a thread of a task, which has room for two, make calls. Their results are in `calls`. The first
 * argument of each is the address of a readable byte.
 */
static void task_calls_make(struct task *task, struct script_call *calls, unsigned count)
{
    volatile uint64_t *list = task_fixture_data(task) + 0x800 / sizeof(uint64_t);
    struct script_call *there = (struct script_call *)(uintptr_t)(list + 1);
    struct user_thread *other = task_fixture_start(task, 1, user_code_spin, USER_WORLD_DATA, 0);
    list[0] = count + 1;
    for (unsigned i = 0; i < count; i++) {
        calls[i].rdi = LIST_AT;
        there[i] = calls[i];
    }
    there[count] = (struct script_call){.rax = SYSCALL_thread_exit};
    struct user_thread *user = task_fixture_start(task, 0, user_code_script, LIST_AT, 0);
    if (other != NULL && user != NULL) { /* the other one keeps the task alive */
        int status;
        test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
    }
    for (unsigned i = 0; i < count; i++) {
        calls[i] = there[i];
    }
    if (user != NULL) {
        object_release(&user->object);
    }
    if (other != NULL) {
        object_release(&other->object);
    }
}

TEST(SYS0094, "a task makes no task that may own more frames than it may itself", ALWAYS)
{
    struct task *task = task_fixture_create(2);
    if (task == NULL) {
        return;
    }
    uint64_t most = task->quota->limit;
    struct script_call calls[] = {{.rax = SYSCALL_task_create, .rdx = most + 1},
                                  {.rax = SYSCALL_task_create, .rdx = most}};
    task_calls_make(task, calls, array_length(calls));
    test_equal((int64_t)calls[0].rax, ERROR_QUOTA);
    test_check((int64_t)calls[1].rax > 0);
    task_fixture_end(task);
}

TEST(SYS0102, "a task whose budget was ended makes no task, in it or within it", ALWAYS)
{
    struct task *task = task_fixture_create(2);
    if (task == NULL) {
        return;
    }
    struct script_call calls[] = {{.rax = SYSCALL_task_create, .rdx = 100},
                                  {.rax = SYSCALL_task_create, .rdx = 0}};
    int error = budget_create(NULL, 1000, &task->budget);
    if (error == OK) {
        error = budget_task_add(task->budget);
        budget_end(task->budget);
        task_calls_make(task, calls, array_length(calls)); /* as on the way to its end */
        test_equal((int64_t)calls[0].rax, ERROR_PEER_DIED);
        test_equal((int64_t)calls[1].rax, ERROR_PEER_DIED);
        test_equal(task->budget->tasks, 1);
    }
    test_equal(error, OK);
    task_fixture_end(task);
}

TEST(SYS0083, "a task without a thread ends when only it has handles to itself", ALWAYS)
{
    if (!begin()) {
        return;
    }
    uint32_t before = task_count();
    uint64_t handle = (uint64_t)script_call(SYSCALL_task_create, NAME_AT, 4, 100);
    test_check(script_call(SYSCALL_handle_grant, handle, handle, RIGHTS_ALL) > 0);
    test_check(script_call(SYSCALL_handle_grant, handle, handle, RIGHT_MANAGE) > 0);
    int64_t second = script_call(SYSCALL_handle_duplicate, handle, RIGHTS_ALL, 0);
    test_check(second > 0);
    test_equal(script_call(SYSCALL_handle_close, handle, 0, 0), OK);
    test_check(script_call(SYSCALL_handle_grant, (uint64_t)second, (uint64_t)second, RIGHT_MANAGE) >
               0); /* it still can be reached */
    test_equal(task_count(), before + 1);
    test_equal(script_call(SYSCALL_handle_close, (uint64_t)second, 0, 0), OK);
    test_eventually(task_count() == before, "the abandoned task is still there");
    script_end();
}

/* Creates a task without threads, and returns a handle to it. */
static uint64_t empty_task(void)
{
    int64_t handle = script_call(SYSCALL_task_create, NAME_AT, 4, 100);
    test_check(handle > 0);
    return (uint64_t)handle;
}

/* Gives one task a handle to another. */
static void grant(uint64_t to, uint64_t granted)
{
    test_check(script_call(SYSCALL_handle_grant, to, granted, RIGHTS_ALL) > 0);
}

static void close(uint64_t handle)
{
    test_equal(script_call(SYSCALL_handle_close, handle, 0, 0), OK);
}

TEST(SYS0085, "tasks without threads end when they alone have handles to each other", ALWAYS)
{
    if (!begin()) {
        return;
    }
    uint32_t before = task_count();
    uint64_t kept = empty_task(), child = empty_task();
    uint64_t one = empty_task(), other = empty_task(), third = empty_task();
    grant(kept, child); /* a task that can be started has the only handle */
    close(child);
    grant(one, other);
    grant(other, third);
    grant(third, one);
    grant(third, third);
    close(one);
    close(other);
    test_equal(task_count(), before + 5); /* there is still a handle to the third */
    close(third);
    test_eventually(task_count() <= before + 2, "the tasks of the circle are still there");
    test_settle(100000000);               /* longer than the rest between two searches */
    test_equal(task_count(), before + 2); /* the child was not taken for one of a circle */
    close(kept);
    test_eventually(task_count() == before, "the child is still there");
    script_end();
}

TEST(SYS0086, "a task that the kernel makes is not taken for one that nobody can start", ALWAYS)
{
    if (!begin()) {
        return;
    }
    struct task *made = task_fixture_create(1);
    if (made != NULL) {
        uint32_t own;
        uint32_t before = task_count();
        test_equal(handle_open(&made->handles, &made->object, RIGHTS_ALL, 0, &own), OK);
        uint64_t one = empty_task(), other = empty_task();
        grant(one, other);
        grant(other, one);
        close(one);
        close(other); /* has circles searched */
        test_eventually(task_count() <= before, "the tasks of the circle are still there");
        test_settle(100000000); /* longer than the rest between two searches */
        test_check(!made->dying);
        task_kill(made, 0);
        object_release(&made->object);
    }
    script_end();
}

TEST(SYS0041, "a task that is killed ends with its first status, and the waits for it tell that",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    struct task *task = task_fixture_create(1);
    struct user_thread *user =
        task != NULL ? task_fixture_start(task, 0, user_code_spin, USER_WORLD_DATA, 0) : NULL;
    if (user != NULL) {
        uint32_t handle = handle_to(&task->object);
        test_equal(script_call(SYSCALL_task_wait, handle, 0, STATUS_AT), ERROR_TIMEOUT);
        uint64_t soon = clock_now_ns() + 2000000;
        test_equal(script_call(SYSCALL_task_wait, handle, soon, STATUS_AT), ERROR_TIMEOUT);
        test_check(clock_now_ns() >= soon);
        test_equal(script_call(SYSCALL_task_kill, handle, (uint64_t)-12, 0), OK);
        test_equal(script_call(SYSCALL_task_kill, handle, 5, 0), OK);
        test_equal(script_call(SYSCALL_task_wait, handle, UINT64_MAX, STATUS_AT), OK);
        test_equal(status_read(), -12);
        test_equal(script_call(SYSCALL_task_wait, handle, 0, USER_END), ERROR_FAULT);
        test_equal(script_call(SYSCALL_task_wait, handle, 0, 0), OK);
        test_equal(handle_close(&script_handles, handle), OK);
        object_release(&user->object);
    }
    if (task != NULL) {
        task_kill(task, 0);
        object_release(&task->object);
    }
    script_end();
}

TEST(SYS0042,
     "threads are created, started, killed and awaited by handle, with each wrong argument "
     "refused",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    struct task *task = task_fixture_create(2);
    if (task == NULL) {
        script_end();
        return;
    }
    (void)task_fixture_data(task);
    uint32_t of_task = handle_to(&task->object);
    uintptr_t rip = user_world_address(user_code_spin), stack = TASK_STACKS + TASK_STACK_STEP;
    test_equal(script_call(SYSCALL_thread_create, of_task, THREAD_PRIORITY_DEFAULT + 1, 0),
               ERROR_RANGE);
    test_equal(script_call(SYSCALL_thread_create, of_task, UINT64_MAX, 0), ERROR_RANGE);
    static struct script script;
    script_clear(&script, 0);
    script_add(&script, SYSCALL_thread_create, of_task, 1, 0, 2 * THREAD_FPU, 0, 0);
    script_add(&script, SYSCALL_thread_create, of_task, 1, 0, THREAD_FPU, 0, 0);
    script_start(&script);
    script_join(&script);
    test_equal((int64_t)script.calls[0].rax, ERROR_INVALID);
    test_equal(handle_close(&script_handles, script.calls[1].rax), OK);
    script_handles.limit = script_handles.open;
    test_equal(script_call(SYSCALL_thread_create, of_task, 1, 0), ERROR_QUOTA);
    script_handles.limit = 100;
    int64_t nowhere = script_call(SYSCALL_thread_create, of_task, 1, 1UL << 63);
    int64_t thread = script_call(SYSCALL_thread_create, of_task, THREAD_PRIORITY_DEFAULT, 0);
    test_check(thread > 0 && nowhere > 0);
    test_equal(script_call(SYSCALL_thread_start, (uint64_t)nowhere, rip, stack), ERROR_INVALID);
    test_equal(script_call(SYSCALL_thread_start, (uint64_t)thread, USER_END, stack), ERROR_RANGE);
    test_equal(script_call(SYSCALL_thread_start, (uint64_t)thread, 0, stack), ERROR_RANGE);
    uint32_t threads = task->thread_limit;
    task->thread_limit = 0;
    test_equal(script_call(SYSCALL_thread_start, (uint64_t)thread, rip, stack), ERROR_QUOTA);
    task->thread_limit = threads;
    script_clear(&script, 0);
    script_add(&script, SYSCALL_thread_start, (uint64_t)thread, rip, stack, USER_WORLD_DATA, 0, 0);
    script_add(&script, SYSCALL_thread_start, (uint64_t)thread, rip, stack, USER_WORLD_DATA, 0, 0);
    script_add(&script, SYSCALL_thread_wait, (uint64_t)thread, 0, STATUS_AT, 0, 0, 0);
    script_add(&script, SYSCALL_thread_priority_set, (uint64_t)thread, 3, 0, 0, 0, 0);
    script_add(&script, SYSCALL_thread_priority_set, (uint64_t)thread, THREAD_PRIORITY_DEFAULT + 1,
               0, 0, 0, 0);
    script_add(&script, SYSCALL_thread_pointer_set, USER_END, 0, 0, 0, 0, 0);
    script_add(&script, SYSCALL_thread_pointer_set, USER_WORLD_DATA, 0, 0, 0, 0, 0);
    script_add(&script, SYSCALL_thread_kill, (uint64_t)thread, 0, 0, 0, 0, 0);
    script_add(&script, SYSCALL_thread_wait, (uint64_t)thread, UINT64_MAX, STATUS_AT, 0, 0, 0);
    script_add(&script, SYSCALL_thread_wait, (uint64_t)thread, UINT64_MAX, USER_END, 0, 0, 0);
    script_add(&script, SYSCALL_task_wait, of_task, UINT64_MAX, 0, 0, 0, 0);
    script_add(&script, SYSCALL_thread_start, (uint64_t)nowhere, rip, stack, 0, 0, 0);
    script_start(&script);
    script_join(&script);
    const int expected[] = {OK, ERROR_EXISTS, ERROR_TIMEOUT, OK, ERROR_RANGE,    ERROR_RANGE, OK,
                            OK, OK,           ERROR_FAULT,   OK, ERROR_PEER_DIED};
    for (unsigned i = 0; i < array_length(expected); i++) {
        test_equal((int64_t)script.calls[i].rax, expected[i]);
    }
    test_equal(status_read(), ERROR_KILLED);
    test_equal(script.thread.user.context.fs_base, USER_WORLD_DATA);
    test_equal(handle_close(&script_handles, (uint64_t)thread), OK);
    test_equal(handle_close(&script_handles, (uint64_t)nowhere), OK);
    test_equal(script_call(SYSCALL_thread_create, of_task, 1, 0), ERROR_PEER_DIED); /* it ended */
    test_equal(handle_close(&script_handles, of_task), OK);
    task_kill(task, 0);
    object_release(&task->object);
    script_end();
}

TEST(SYS0043, "a handle is granted to a task with no more rights, and not to one that has ended",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    struct endpoint *endpoint;
    struct task *task = task_fixture_create(1);
    if (task == NULL || endpoint_create(&endpoint) != OK) {
        test_fail(__FILE__, __LINE__, "no memory");
        return;
    }
    uint32_t of_task = handle_to(&task->object), all = handle_to(&endpoint->object), few;
    test_equal(
        handle_open(&script_handles, &endpoint->object, RIGHT_SEND | RIGHT_TRANSFER, 7, &few), OK);
    int64_t given = script_call(SYSCALL_handle_grant, of_task, few, RIGHT_SEND);
    struct object *object;
    uint64_t badge = 0;
    test_check(given > 0);
    test_equal(
        handle_find(&task->handles, (uint64_t)given, OBJECT_ENDPOINT, RIGHT_SEND, &object, &badge),
        OK);
    object_release(object);
    test_equal(badge, 7);
    test_equal(handle_find(&task->handles, (uint64_t)given, OBJECT_ENDPOINT, RIGHT_TRANSFER,
                           &object, NULL),
               ERROR_NO_RIGHT);
    test_equal(script_call(SYSCALL_handle_grant, of_task, few, RIGHTS_ALL), ERROR_NO_RIGHT);
    test_equal(script_call(SYSCALL_handle_grant, of_task, all, RIGHTS_ALL + 1), ERROR_INVALID);
    uint32_t limit = task->handles.limit;
    task->handles.limit = task->handles.open;
    test_equal(script_call(SYSCALL_handle_grant, of_task, all, RIGHT_SEND), ERROR_QUOTA);
    task->handles.limit = limit;
    task_kill(task, 0);
    test_equal(script_call(SYSCALL_handle_grant, of_task, all, RIGHT_SEND), ERROR_PEER_DIED);
    test_equal(handle_close(&script_handles, of_task), OK);
    test_equal(handle_close(&script_handles, all), OK);
    test_equal(handle_close(&script_handles, few), OK);
    object_release(&endpoint->object);
    object_release(&task->object);
    script_end();
}
