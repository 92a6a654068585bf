/* Tasks and threads with a user mode: start, end, kill, exceptions, and what is left of them. */
#include "kernel/task/task.h"

#include "lib/error.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define SPINNERS     24
#define TASKS        2000
#define SIDE_BY_SIDE 20

extern const char user_code_ud2[], user_code_spin[], user_code_script[];

static int ended_status(struct task *task)
{
    int status = 0;
    test_equal(task_wait(task, TEST_EVENTUALLY_NS, &status), OK);
    return status;
}

TEST(TSK0001, "an exception that nobody handles ends the task, and its status says so", ALWAYS)
{
    struct task *task = task_fixture_create(1);
    if (task == NULL) {
        return;
    }
    struct user_thread *user = task_fixture_start(task, 0, user_code_ud2, 0, 0);
    if (user == NULL) {
        task_kill(task, 0);
    } else {
        int status = 0;
        test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
        test_equal(status, ERROR_FAULT);
        object_release(&user->object);
    }
    test_equal(ended_status(task), ERROR_FAULT);
    object_release(&task->object);
}

TEST(TSK0002, "threads that never leave user mode end when their task is killed, on each CPU",
     ALWAYS)
{
    struct task *task = task_fixture_create(SPINNERS);
    if (task == NULL) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(task);
    struct user_thread *users[SPINNERS];
    for (unsigned i = 0; i < SPINNERS; i++) {
        users[i] =
            task_fixture_start(task, i, user_code_spin, USER_WORLD_DATA + i * 16, test_cpu_bit(i));
    }
    for (unsigned i = 0; i < SPINNERS; i++) {
        test_eventually(data[2 * i] != 0, "thread %u has not run", i);
    }
    task_kill(task, 77);
    test_equal(ended_status(task), 77);
    for (unsigned i = 0; i < SPINNERS; i++) {
        int status = 0;
        if (users[i] != NULL) {
            test_equal(user_thread_wait(users[i], TEST_EVENTUALLY_NS, &status), OK);
            test_equal(status, ERROR_KILLED);
            object_release(&users[i]->object);
        }
    }
    object_release(&task->object);
}

TEST(TSK0003, "a thread starts once, at a user address, in a task that lives, within its quota",
     ALWAYS)
{
    struct task *task = task_fixture_create(2);
    if (task == NULL) {
        return;
    }
    struct user_thread *user, *late;
    test_equal(user_thread_create(task, THREAD_PRIORITIES, 0, &user), ERROR_RANGE);
    test_equal(user_thread_create(task, THREAD_PRIORITY_DEFAULT, 0, &late), OK);
    test_equal(user_thread_create(task, THREAD_PRIORITY_DEFAULT, 0, &user), OK);
    static const uintptr_t wrong[] = {0,
                                      USER_BASE - 1,
                                      USER_END,
                                      USER_END + PAGE_BYTES,
                                      0x8000000000000000,
                                      DIRECT_MAP_BASE,
                                      UINTPTR_MAX};
    for (unsigned i = 0; i < array_length(wrong); i++) {
        test_equal(user_thread_start(user, wrong[i], 0, 0), ERROR_RANGE);
    }
    (void)task_fixture_data(task);
    uintptr_t rip = user_world_address(user_code_spin);
    test_equal(user_thread_start(user, rip, 0, USER_WORLD_DATA), OK);
    test_equal(user_thread_start(user, rip, 0, USER_WORLD_DATA), ERROR_EXISTS);
    task->thread_limit = 1;
    test_equal(user_thread_start(late, rip, 0, USER_WORLD_DATA), ERROR_QUOTA);
    task_kill(task, 5);
    test_equal(ended_status(task), 5);
    test_equal(user_thread_start(late, rip, 0, USER_WORLD_DATA), ERROR_PEER_DIED);
    object_release(&user->object);
    object_release(&late->object);
    object_release(&task->object);
}

TEST(TSK0004, "a killed thread ends, and the others of its task go on", ALWAYS)
{
    struct task *task = task_fixture_create(2);
    if (task == NULL) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(task);
    struct user_thread *one = task_fixture_start(task, 0, user_code_spin, USER_WORLD_DATA, 0);
    struct user_thread *two = task_fixture_start(task, 1, user_code_spin, USER_WORLD_DATA + 64, 0);
    if (one != NULL && two != NULL) {
        int status = 0;
        test_eventually(data[0] != 0 && data[8] != 0, "they have not run");
        user_thread_kill(one);
        test_equal(user_thread_wait(one, TEST_EVENTUALLY_NS, &status), OK);
        test_equal(status, ERROR_KILLED);
        uint64_t before = data[8];
        test_eventually(data[8] != before, "the other one stands still");
        test_equal(user_thread_wait(two, 1000000, &status), ERROR_TIMEOUT);
    }
    task_kill(task, 0);
    test_equal(ended_status(task), 0);
    if (one != NULL) {
        object_release(&one->object);
    }
    if (two != NULL) {
        object_release(&two->object);
    }
    object_release(&task->object);
}

/* Starts tasks side by side, each with a thread that runs until it is killed, and ends them. */
static unsigned tasks_cycle(unsigned round)
{
    struct task *tasks[SIDE_BY_SIDE];
    struct user_thread *users[SIDE_BY_SIDE];
    unsigned count = 0;
    while (count < SIDE_BY_SIDE && (tasks[count] = task_fixture_create(1)) != NULL) {
        users[count] = task_fixture_start(tasks[count], 0, user_code_spin, USER_WORLD_DATA,
                                          test_cpu_bit(count));
        count++;
    }
    for (unsigned i = 0; i < count; i++) {
        task_kill(tasks[i], (int)(round * SIDE_BY_SIDE + i));
    }
    for (unsigned i = 0; i < count; i++) {
        test_equal(ended_status(tasks[i]), round * SIDE_BY_SIDE + i);
        if (users[i] != NULL) {
            object_release(&users[i]->object);
        }
        object_release(&tasks[i]->object);
    }
    return count;
}

TEST(TSK0005, "two thousand tasks run and end, twenty at a time, and nothing is left of them",
     ALWAYS)
{
    unsigned ended = 0;
    for (unsigned round = 0; round < TASKS / SIDE_BY_SIDE; round++) {
        ended += tasks_cycle(round);
    }
    test_equal(ended, TASKS);
}

TEST(TSK0006, "a thread that was never started and is killed or dropped leaves nothing", ALWAYS)
{
    struct task *task = task_fixture_create(1);
    if (task == NULL) {
        return;
    }
    struct user_thread *user;
    int status = 0;
    test_equal(user_thread_create(task, 3, 0, &user), OK);
    user_thread_kill(user);
    test_equal(user_thread_start(user, USER_WORLD_CODE, 0, 0), ERROR_PEER_DIED);
    test_equal(user_thread_wait(user, 0, &status), OK);
    object_release(&user->object);
    test_equal(user_thread_create(task, 3, 0, &user), OK);
    object_release(&user->object);
    task_kill(task, 9);
    test_equal(ended_status(task), 9);
    object_release(&task->object);
}

/* The list of system calls that user_code_script makes lies here in the task's page of data. */
#define LIST_AT (USER_WORLD_DATA + 0x800)

TEST(TSK0007, "a thread cannot wait for its own end; the status that it exits with reaches others",
     ALWAYS)
{
    struct task *task = task_fixture_create(2);
    if (task == NULL) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(task), *list = data + 0x800 / sizeof(uint64_t);
    struct script_call *calls = (struct script_call *)(uintptr_t)(list + 1);
    struct user_thread *user,
        *other = task_fixture_start(task, 1, user_code_spin, USER_WORLD_DATA, 0);
    uint32_t handle = 0;
    int status = 0;
    test_equal(user_thread_create(task, THREAD_PRIORITY_DEFAULT, 0, &user), OK);
    test_equal(handle_open(&task->handles, &user->object, RIGHT_READ, 0, &handle), OK);
    list[0] = 2;
    calls[0] = (struct script_call){.rax = SYSCALL_thread_wait,
                                    .rdi = handle,
                                    .rsi = UINT64_MAX,
                                    .rdx = USER_WORLD_DATA + 0x700};
    calls[1] = (struct script_call){.rax = SYSCALL_thread_exit, .rdi = 42};
    test_equal(user_thread_start(user, user_world_address(user_code_script),
                                 TASK_STACKS + TASK_STACK_STEP, LIST_AT),
               OK);
    test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
    test_equal(status, 42);
    test_equal((int64_t)calls[0].rax, ERROR_INVALID);
    object_release(&user->object);
    if (other != NULL) {
        object_release(&other->object);
    }
    task_kill(task, 0);
    test_equal(ended_status(task), 0);
    object_release(&task->object);
}

TEST(TSK0012, "pages of kernel stacks are charged to the task until the threads that have them end",
     ALWAYS)
{
    struct task *task = task_fixture_create(SPINNERS);
    if (task == NULL) {
        return;
    }
    for (unsigned i = 0; i < SPINNERS; i++) {
        struct user_thread *user =
            task_fixture_start(task, i, user_code_spin, USER_WORLD_DATA + i * 16, 0);
        if (user != NULL) {
            object_release(&user->object);
        }
    }
    test_eventually(__atomic_load_n(&task->stack_pages, __ATOMIC_RELAXED) >= SPINNERS,
                    "only %u pages are charged", task->stack_pages);
    task_kill(task, 5);
    test_equal(ended_status(task), 5);
    test_equal(task->stack_pages, 0);
    object_release(&task->object);
}
