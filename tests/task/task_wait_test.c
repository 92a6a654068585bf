/* Waits for the end of threads, the limits of tasks, and priorities that are set early. */
#include "kernel/task/task.h"

#include "kernel/task/user_thread_stop.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define WAIT_NS 1000000000

/* The list of system calls that user_code_script makes, and a name, in the task's page of data. */
#define LIST_AT (USER_WORLD_DATA + 0x800)
#define NAME_AT (USER_WORLD_DATA + 0x700)

extern const char user_code_spin[], user_code_script[];

/* A thread of the kernel that waits for the end of a thread with a user mode. */
struct waiter {
    struct user_thread *user;
    uint64_t timeout_ns;
    uint32_t done;
    int error, status;
};

static void waiter_main(void *argument)
{
    struct waiter *waiter = argument;
    waiter->error = user_thread_wait(waiter->user, waiter->timeout_ns, &waiter->status);
    test_count(&waiter->done);
}

static void kill_unstarted(struct user_thread *user)
{
    struct waiter waiter = {.user = user, .timeout_ns = WAIT_FOREVER};
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, waiter_main, &waiter);
    if (thread == NULL) {
        return;
    }
    test_check(test_wait_blocked(thread));
    user_thread_kill(user);
    test_eventually(test_counted(&waiter.done) == 1, "it waits for a thread that is killed");
    thread_kill(thread); /* after a failure it would wait for ever */
    test_equal(test_thread_join(thread), 0);
    test_equal(waiter.error, OK);
    test_equal(waiter.status, ERROR_KILLED);
}

TEST(TSK0013, "a kill of a thread that was never started ends the waits for its end", ALWAYS)
{
    struct task *task = task_fixture_create(1);
    struct user_thread *user;
    if (task == NULL) {
        return;
    }
    int error = user_thread_create(task, THREAD_PRIORITY_DEFAULT, 0, &user);
    test_equal(error, OK);
    if (error == OK) {
        kill_unstarted(user);
        object_release(&user->object);
    }
    task_fixture_end(task);
}

TEST(TSK0018, "the end of a task ends the waits for its threads that were never started", ALWAYS)
{
    struct task *task = task_fixture_create(1);
    struct user_thread *user, *late;
    if (task == NULL) {
        return;
    }
    int error = user_thread_create(task, THREAD_PRIORITY_DEFAULT, 0, &user);
    test_equal(error, OK);
    if (error == OK) {
        struct waiter waiter = {.user = user, .timeout_ns = WAIT_FOREVER};
        struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, waiter_main, &waiter);
        test_check(thread != NULL && test_wait_blocked(thread));
        task_kill(task, 8);
        test_eventually(test_counted(&waiter.done) == 1, "it waits for a thread of an ended task");
        if (thread != NULL) {
            thread_kill(thread); /* after a failure it would wait for ever */
            test_equal(test_thread_join(thread), 0);
        }
        test_equal(waiter.error, OK);
        test_equal(waiter.status, ERROR_KILLED);
        test_equal(user_thread_start(user, USER_WORLD_CODE, 0, 0), ERROR_PEER_DIED);
        test_equal(user_thread_create(task, THREAD_PRIORITY_DEFAULT, 0, &late), ERROR_PEER_DIED);
        object_release(&user->object);
    }
    task_fixture_end(task);
}

/*
 * Stops the thread and lets it go on: both wake the threads that wait for its end. This is done
 * much more often than each WAIT_NS.
 */
static bool is_done_after_stop(struct waiter *waiter)
{
    test_equal(user_thread_suspend(waiter->user, TEST_EVENTUALLY_NS), OK);
    user_thread_resume(waiter->user);
    return test_counted(&waiter->done) != 0;
}

TEST(TSK0014, "stops of a thread do not prolong a wait for its end", ALWAYS)
{
    struct task *task = task_fixture_create(1);
    if (task == NULL) {
        return;
    }
    struct user_thread *user = task_fixture_start(task, 0, user_code_spin, USER_WORLD_DATA, 0);
    if (user != NULL) {
        struct waiter waiter = {.user = user, .timeout_ns = WAIT_NS};
        struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, waiter_main, &waiter);
        if (thread != NULL) {
            test_eventually(is_done_after_stop(&waiter), "the wait begins anew with each stop");
            thread_kill(thread);
            test_equal(test_thread_join(thread), 0);
            test_equal(waiter.error, ERROR_TIMEOUT);
        }
        object_release(&user->object);
    }
    task_fixture_end(task);
}

TEST(TSK0015, "limits that are set for a task that has ended leave its table of handles closed",
     ALWAYS)
{
    struct task *task = task_fixture_create(1);
    int status = 0;
    if (task == NULL) {
        return;
    }
    task_limits_set(task, 0, 6, 0);
    test_equal(task->handles.limit, 6);
    task_kill(task, 3);
    test_equal(task_wait(task, TEST_EVENTUALLY_NS, &status), OK);
    test_equal(status, 3);
    task_limits_set(task, 0, 7, 0);
    test_equal(task->handles.limit, 0);
    object_release(&task->object);
}

/* Has a thread of the task create a task, and checks what that may have. */
static void child_check(struct task *task)
{
    volatile uint64_t *data = task_fixture_data(task), *list = data + 0x800 / sizeof(uint64_t);
    struct script_call *calls = (struct script_call *)(uintptr_t)(list + 1);
    struct object *object;
    int status = 0;
    memcpy((void *)(uintptr_t)(data + 0x700 / sizeof(uint64_t)), "made", 4);
    list[0] = 2;
    calls[0] = (struct script_call){.rax = SYSCALL_task_create, .rdi = NAME_AT, .rsi = 4};
    calls[1] = (struct script_call){.rax = SYSCALL_thread_exit};
    struct user_thread *user = task_fixture_start(task, 0, user_code_script, LIST_AT, 0);
    if (user == NULL) {
        return;
    }
    test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
    int error = handle_find(&task->handles, calls[0].rax, OBJECT_TASK, RIGHT_READ, &object, NULL);
    test_equal(error, OK);
    if (error == OK) {
        struct task *child = container_of(object, struct task, object);
        test_equal(child->thread_limit, 5);
        test_equal(child->handles.limit, 7);
        test_equal(child->stack_page_limit, 99);
        test_equal(child->quota->limit, task->quota->limit);
        object_release(object);
    }
    object_release(&user->object);
}

TEST(TSK0016, "a task that a task creates may have no more than its creator", ALWAYS)
{
    struct task *task = task_fixture_create(2);
    if (task == NULL) {
        return;
    }
    (void)task_fixture_data(task);
    struct user_thread *other = task_fixture_start(task, 1, user_code_spin, USER_WORLD_DATA, 0);
    if (other != NULL) { /* keeps the task alive */
        task_limits_set(task, 5, 7, 99);
        child_check(task);
        object_release(&other->object);
    }
    task_fixture_end(task);
}

TEST(TSK0017, "a priority that is set after a thread's start and before its first run takes effect",
     ALWAYS)
{
    struct task *task = task_fixture_create(1);
    if (task == NULL) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(task);
    /* On this CPU the thread cannot run before the test sleeps. */
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT + 2);
    struct user_thread *user =
        task_fixture_start(task, 0, user_code_spin, USER_WORLD_DATA, test_cpu_bit(0));
    if (user != NULL) {
        test_equal(user_thread_priority_set(user, THREAD_PRIORITY_DEFAULT - 3), OK);
        test_eventually(data[0] != 0, "it has not run");
        test_equal(user->thread->base_priority, THREAD_PRIORITY_DEFAULT - 3);
        object_release(&user->object);
    }
    test_thread_unbind();
    task_fixture_end(task);
}
