/* Threads that are stopped, read, changed and resumed, as a debugger does it. */
#include "kernel/task/user_thread_stop.h"

#include "arch/x86_64/cpu/cpu.h"
#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define ROUNDS  100
#define LIST_AT (USER_WORLD_DATA + 0x800)

extern const char user_code_spin[], user_code_script[], user_code_fs_store[];

/* The flags that no write of RFLAGS may give to user mode. */
#define FLAGS_OF_KERNEL (FLAGS_IO_PRIVILEGE | FLAGS_NESTED_TASK)

static void thread_end(struct user_thread *user)
{
    int status = 0;
    if (user != NULL) {
        user_thread_kill(user);
        test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
        test_equal(status, ERROR_KILLED);
        object_release(&user->object);
    }
}

/* Suspends a thread that runs, and reads its registers. */
static struct thread_registers stop(struct user_thread *user)
{
    struct thread_registers registers = {.rax = 0};
    test_equal(user_thread_suspend(user, TEST_EVENTUALLY_NS), OK);
    test_equal(user_thread_registers_read(user, &registers), OK);
    return registers;
}

static void registers_change(struct user_thread *user, volatile uint64_t *data)
{
    struct thread_registers registers = stop(user), again;
    uint64_t before = data[0];
    test_equal(registers.r15, 0x0f0f0f0f0f0f0f0f);
    test_equal(registers.rdi, USER_WORLD_DATA);
    test_check(registers.rip >= user_world_address(user_code_spin) &&
               registers.rip < USER_WORLD_CODE + PAGE_BYTES);
    test_settle(2000000);
    test_equal(data[0], before);
    static const uintptr_t wrong[] = {0,         USER_BASE - 1, USER_END,
                                      1UL << 47, 1UL << 63,     UINTPTR_MAX};
    for (unsigned i = 0; i < array_length(wrong); i++) {
        again = registers;
        again.rip = wrong[i];
        test_equal(user_thread_registers_write(user, &again), ERROR_RANGE);
    }
    again = registers;
    again.fs_base = USER_END;
    test_equal(user_thread_registers_write(user, &again), ERROR_RANGE);
    registers.rip = user_world_address(user_code_fs_store);
    registers.rdi = USER_WORLD_DATA + 64;
    registers.fs_base = USER_WORLD_DATA + 128;
    registers.rflags = UINT64_MAX & ~FLAGS_TRAP & ~FLAGS_ALIGNMENT_CHECK;
    data[16] = 0x1234567890;
    test_equal(user_thread_registers_write(user, &registers), OK);
    user_thread_resume(user);
    test_eventually(data[8] == data[16], "it does not store the word at its FS base");
    again = stop(user);
    test_equal(again.rax, data[16]);
    test_equal(again.rflags & FLAGS_OF_KERNEL, 0);
    test_check((again.rflags & FLAGS_INTERRUPT) != 0 && (again.rflags & FLAGS_DIRECTION) != 0);
    user_thread_resume(user);
}

TEST(TSK0008,
     "a suspended thread stands still, and goes on with the registers that were written, each "
     "checked",
     ALWAYS)
{
    struct thread_registers registers = {.rip = USER_WORLD_CODE};
    struct task *task = task_fixture_create(1);
    if (task == NULL) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(task);
    struct user_thread *user = task_fixture_start(task, 0, user_code_spin, USER_WORLD_DATA, 0);
    if (user != NULL) {
        test_eventually(data[0] != 0, "it has not run");
        test_equal(user_thread_registers_read(user, &registers), ERROR_AGAIN);
        test_equal(user_thread_registers_write(user, &registers), ERROR_AGAIN);
        registers_change(user, data);
        user_thread_kill(user);
        int status;
        test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
        test_equal(user_thread_suspend(user, WAIT_FOREVER), ERROR_PEER_DIED);
        test_equal(user_thread_registers_read(user, &registers), ERROR_PEER_DIED);
        test_equal(user_thread_registers_write(user, &registers), ERROR_PEER_DIED);
        user_thread_resume(user);
        object_release(&user->object);
    }
    task_fixture_end(task);
}

TEST(TSK0009, "a thread that was suspended before its start stops before its first instruction",
     ALWAYS)
{
    struct task *task = task_fixture_create(1);
    struct user_thread *user;
    if (task == NULL) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(task);
    test_equal(user_thread_create(task, THREAD_PRIORITY_DEFAULT, 0, &user), OK);
    test_equal(user_thread_suspend(user, WAIT_FOREVER), OK);
    uintptr_t rip = user_world_address(user_code_spin), stack = TASK_STACKS + TASK_STACK_STEP;
    test_equal(user_thread_start(user, rip, stack, USER_WORLD_DATA), OK);
    struct thread_registers registers = stop(user);
    test_equal(registers.rip, rip);
    test_equal(registers.rsp, stack);
    test_equal(registers.rdi, USER_WORLD_DATA);
    test_equal(data[0], 0);
    user_thread_resume(user);
    test_eventually(data[0] != 0, "it does not go on");
    (void)stop(user);
    thread_end(user); /* though it is stopped */
    task_fixture_end(task);
}

/* Starts a thread of a task that makes one call of IPC and then waits for the other thread. */
static struct user_thread *caller_start(struct task *task, volatile uint64_t *data,
                                        uint32_t endpoint)
{
    volatile uint64_t *list = data + 0x800 / sizeof(uint64_t);
    struct script_call *calls = (struct script_call *)(uintptr_t)(list + 1);
    list[0] = 2;
    calls[0] = (struct script_call){.rax = SYSCALL_ipc_call, .rdi = endpoint, .rdx = 5, .r8 = 6};
    calls[1] = (struct script_call){.rax = SYSCALL_thread_exit, .rdi = 43};
    return task_fixture_start(task, 0, user_code_script, LIST_AT, 0);
}

TEST(TSK0010,
     "a suspension leaves a wait in IPC alone: the thread gets its answer, and stops with it",
     ALWAYS)
{
    struct endpoint *endpoint;
    struct ipc_state server;
    uint32_t handle = 0;
    struct task *task = task_fixture_create(1);
    if (task == NULL) {
        return;
    }
    test_equal(endpoint_create(&endpoint), OK);
    test_equal(handle_open(&task->handles, &endpoint->object, RIGHTS_ALL, 0, &handle), OK);
    struct user_thread *user = caller_start(task, task_fixture_data(task), handle);
    ipc_state_init(&server, NULL);
    if (user != NULL) {
        int status = 0;
        test_equal(ipc_receive(&server, endpoint, WAIT_FOREVER), OK);
        test_equal(user_thread_suspend(user, 2000000), ERROR_TIMEOUT);
        struct thread_registers registers;
        test_equal(user_thread_registers_read(user, &registers), ERROR_AGAIN);
        server.message.words[0] += 100;
        test_equal(ipc_reply(&server), OK);
        registers = stop(user);
        test_equal(registers.rax, OK);
        test_equal(registers.rdx, 105);
        test_equal(registers.r8, 6);
        test_equal(user_thread_wait(user, 2000000, &status), ERROR_TIMEOUT);
        user_thread_resume(user);
        test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
        test_equal(status, 43);
        object_release(&user->object);
    }
    ipc_state_end(&server);
    object_release(&endpoint->object);
    task_fixture_end(task);
}

TEST(TSK0011, "threads are suspended and resumed again and again on all CPUs, and lose nothing",
     ALWAYS)
{
    enum { THREADS = 4 };
    struct task *task = task_fixture_create(THREADS);
    if (task == NULL) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(task);
    struct user_thread *users[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        users[i] = task_fixture_start(task, i, user_code_spin, USER_WORLD_DATA + i * 16,
                                      i % 2 == 0 ? test_cpu_bit(i / 2) : 0);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < THREADS && users[i] != NULL; i++) {
            struct thread_registers registers = stop(users[i]);
            test_equal(registers.r9, 0);
            if (round % 2 == 0) {
                test_equal(user_thread_registers_write(users[i], &registers), OK);
            }
            user_thread_resume(users[i]);
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        uint64_t before = data[2 * i];
        test_eventually(data[2 * i] != before, "thread %u does not go on", i);
        thread_end(users[i]);
    }
    task_fixture_end(task);
}
