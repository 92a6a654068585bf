/* System calls that stop threads and touch their registers, made by user mode. */
#include "kernel/task/user_thread_stop.h"

#include "kernel/ipc/endpoint.h"
#include "lib/error.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define REGISTERS_AT (USER_WORLD_STACK + 0x100)

extern const char user_code_spin[], user_code_script[];

/* Returns where the kernel sees the registers that the calls read and write. */
static struct thread_registers *registers_seen(void)
{
    return (struct thread_registers *)((uintptr_t)user_world_stack(&script_world) + 0x100);
}

static void calls_try(uint32_t thread, struct user_thread *user, const volatile uint64_t *data)
{
    struct thread_registers *registers = registers_seen();
    int status;

    test_eventually(data[0] != 0, "it has not run");
    test_equal(script_call(SYSCALL_thread_registers_read, thread, REGISTERS_AT, 0), ERROR_AGAIN);
    test_equal(script_call(SYSCALL_thread_registers_write, thread, REGISTERS_AT, 0), ERROR_AGAIN);
    test_equal(script_call(SYSCALL_thread_suspend, thread, UINT64_MAX, 0), OK);
    test_equal(script_call(SYSCALL_thread_registers_read, thread, DIRECT_MAP_BASE, 0), ERROR_FAULT);
    test_equal(script_call(SYSCALL_thread_registers_write, thread, USER_END, 0), ERROR_FAULT);
    test_equal(script_call(SYSCALL_thread_registers_read, thread, REGISTERS_AT, 0), OK);
    test_equal(registers->rdi, USER_WORLD_DATA);
    registers->rip = USER_END;
    test_equal(script_call(SYSCALL_thread_registers_write, thread, REGISTERS_AT, 0), ERROR_RANGE);
    registers->rip = user_world_address(user_code_spin);
    registers->rdi = USER_WORLD_DATA + 64;
    test_equal(script_call(SYSCALL_thread_registers_write, thread, REGISTERS_AT, 0), OK);
    test_equal(script_call(SYSCALL_thread_resume, thread, 0, 0), OK);
    test_equal(script_call(SYSCALL_thread_resume, thread, 0, 0), OK);
    test_eventually(data[8] != 0, "it does not go on with the new registers");
    user_thread_kill(user);
    test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
    test_equal(script_call(SYSCALL_thread_suspend, thread, 0, 0), ERROR_PEER_DIED);
    test_equal(script_call(SYSCALL_thread_registers_read, thread, REGISTERS_AT, 0),
               ERROR_PEER_DIED);
    test_equal(script_call(SYSCALL_thread_registers_write, thread, REGISTERS_AT, 0),
               ERROR_PEER_DIED);
}

/* A thread that waits in IPC does not stop. A wait for its stop ends by its time, or by a kill. */
static void stops_await(struct task *task)
{
    static struct script script;
    struct endpoint *endpoint;
    uint32_t of_endpoint = 0, of_thread = 0;
    volatile uint64_t *list = task_fixture_data(task) + 0x800 / sizeof(uint64_t);
    struct script_call *calls = (struct script_call *)(uintptr_t)(list + 1);

    test_equal(endpoint_create(&endpoint), OK);
    test_equal(handle_open(&task->handles, &endpoint->object, RIGHTS_ALL, 0, &of_endpoint), OK);
    list[0] = 1;
    calls[0] = (struct script_call){.rax = SYSCALL_ipc_call, .rdi = of_endpoint};
    struct user_thread *user =
        task_fixture_start(task, 1, user_code_script, USER_WORLD_DATA + 0x800, 0);
    if (user != NULL) {
        test_eventually(!priority_queue_empty(&endpoint->callers), "it does not call");
        test_equal(handle_open(&script_handles, &user->object, RIGHTS_ALL, 0, &of_thread), OK);
        test_equal(script_call(SYSCALL_thread_suspend, of_thread, 0, 0), ERROR_TIMEOUT);
        test_equal(script_call(SYSCALL_thread_suspend, of_thread, 1, 0), ERROR_TIMEOUT);
        script_clear(&script, 0);
        script_add(&script, SYSCALL_thread_suspend, of_thread, UINT64_MAX, 0, 0, 0, 0);
        script_start(&script);
        test_check(test_wait_blocked(script.running));
        thread_kill(script.running);
        script_join(&script);
        test_equal((int64_t)script.calls[0].rax, ERROR_KILLED);
        test_equal(handle_close(&script_handles, of_thread), OK);
        object_release(&user->object);
    }
    object_release(&endpoint->object);
}

TEST(SYS0044,
     "a thread is suspended, its registers are read and written, and it goes on, by handle", ALWAYS)
{
    uint32_t handle = 0;
    if (!script_begin(20)) {
        return;
    }
    struct task *task = task_fixture_create(2);
    struct user_thread *user =
        task != NULL ? task_fixture_start(task, 0, user_code_spin, USER_WORLD_DATA, 0) : NULL;
    if (user != NULL) {
        test_equal(handle_open(&script_handles, &user->object, RIGHTS_ALL, 0, &handle), OK);
        stops_await(task);
        calls_try(handle, user, task_fixture_data(task));
        test_equal(handle_close(&script_handles, handle), OK);
        object_release(&user->object);
    }
    if (task != NULL) {
        task_kill(task, 0);
        object_release(&task->object);
    }
    script_end();
}

/*
 * The client makes two calls, the second one by the direct path, where its words stay in registers
 * while it sleeps. The server answers that one when `go` is signalled.
 */
static struct user_thread *asleep_client_start(struct task *task, struct script *server,
                                               struct endpoint *endpoint, uint32_t go)
{
    uint32_t sends = 0, receives = 0;
    volatile uint64_t *list = task_fixture_data(task);
    struct script_call *calls = (struct script_call *)(uintptr_t)(list + 1);

    test_equal(handle_open(&task->handles, &endpoint->object, RIGHT_SEND, 0, &sends), OK);
    test_equal(handle_open(&script_handles, &endpoint->object, RIGHT_RECEIVE, 0, &receives), OK);
    script_clear(server, 1);
    server->affinity = test_cpu_bit(0);
    script_add_message(server, SYSCALL_ipc_receive, receives, 0, 0);
    script_add_message(server, SYSCALL_ipc_reply_receive, receives, 0, 100);
    script_add(server, SYSCALL_notification_wait, go, UINT64_MAX, 0, 0, 0, 0);
    script_add_message(server, SYSCALL_ipc_reply, 0, message_tag(3, 0, 0), 200);
    script_start(server);
    test_check(test_wait_blocked(server->running));
    list[0] = 2;
    for (unsigned i = 0; i < 2; i++) {
        calls[i] = (struct script_call){
            .rax = SYSCALL_ipc_call, .rdi = sends, .rdx = 1, .r12 = 5, .r13 = 6};
    }
    return task_fixture_start(task, 0, user_code_script, USER_WORLD_DATA, test_cpu_bit(0));
}

static void answered_registers_check(struct user_thread *user)
{
    struct thread_registers registers;
    test_equal(user_thread_suspend(user, TEST_EVENTUALLY_NS), OK);
    test_equal(user_thread_registers_read(user, &registers), OK);
    test_equal(registers.rax, OK);
    test_equal(registers.rdi, 0);
    test_equal(registers.rsi, message_tag(3, 0, 0));
    test_equal(registers.rdx, 200);
    test_equal(registers.r8, 201);
    test_equal(registers.r9, 202);
    test_equal(registers.r10, 203);
    test_equal(registers.r12, 204);
    test_equal(registers.r13, 205);
    test_equal(registers.rcx | registers.r11, 0);
}

TEST(SYS0091, "registers of a thread that sleeps in a call are refused; it stops with the answer",
     ALWAYS)
{
    static struct script server;
    struct thread_registers registers;
    struct endpoint *endpoint;
    if (!script_begin(20)) {
        return;
    }
    test_equal(endpoint_create(&endpoint), OK);
    uint32_t go = (uint32_t)script_call(SYSCALL_notification_create, 0, 0, 0);
    struct task *task = task_fixture_create(1);
    struct user_thread *user =
        task != NULL ? asleep_client_start(task, &server, endpoint, go) : NULL;
    if (user != NULL) {
        test_eventually(server.running != NULL && user->ipc.call == 2, "it does not call");
        test_equal(user_thread_suspend(user, 0), ERROR_TIMEOUT);
        test_equal(user_thread_registers_read(user, &registers), ERROR_AGAIN);
        test_equal(user_thread_registers_write(user, &registers), ERROR_AGAIN);
        test_equal(script_call(SYSCALL_notification_signal, go, 1, 0), OK);
        script_join(&server);
        test_equal((int64_t)server.calls[3].rax, OK);
        answered_registers_check(user);
        object_release(&user->object);
    }
    if (task != NULL) {
        task_fixture_end(task);
    }
    object_release(&endpoint->object);
    script_end();
}

TEST(SYS0045, "a task gets a handler by the right to call an endpoint, and loses it with its end",
     ALWAYS)
{
    if (!script_begin(20)) {
        return;
    }
    struct task *task = task_fixture_create(1);
    if (task != NULL) {
        uint32_t of_task = 0;
        int64_t endpoint = script_call(SYSCALL_endpoint_create, 0, 0, 0);
        int64_t receives =
            script_call(SYSCALL_handle_duplicate, (uint64_t)endpoint, RIGHT_RECEIVE, 0);
        test_equal(handle_open(&script_handles, &task->object, RIGHTS_ALL, 0, &of_task), OK);
        test_equal(script_call(SYSCALL_task_handler_set, of_task, (uint64_t)receives, 0),
                   ERROR_NO_RIGHT);
        test_equal(script_call(SYSCALL_task_handler_set, of_task, of_task, 0), ERROR_WRONG_TYPE);
        test_equal(script_call(SYSCALL_task_handler_set, of_task, 0, 0), OK);
        test_equal(script_call(SYSCALL_task_handler_set, of_task, (uint64_t)endpoint, 0), OK);
        test_equal(task->handler.rights, RIGHT_SEND);
        test_equal(object_handle_count(task->handler.object), 3);
        test_equal(script_call(SYSCALL_task_handler_set, of_task, (uint64_t)endpoint, 0), OK);
        test_equal(object_handle_count(task->handler.object), 3);
        task_kill(task, 0);
        test_equal(script_call(SYSCALL_task_handler_set, of_task, (uint64_t)endpoint, 0),
                   ERROR_PEER_DIED);
        test_check(task->handler.object == NULL);
        object_release(&task->object);
    }
    script_end();
}
