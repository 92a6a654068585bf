/* Calls that are refused and calls that are killed, of each way to answer and to wait. */
#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "tests/support/threads.h"
#include "tests/syscall/message_fixture.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define NOT_MAPPED 0x10000

extern const char user_code_spin[];

/* Adds calls that each refuse to answer, and one that answers with the words 500, 501, ... */
static void answers_add(uint64_t number, uint64_t handle, uint64_t refused_flags, uint64_t flags)
{
    script_add_message(&server, number, handle, 1, 0); /* without a buffer */
    script_add_message(&server, number, handle, refused_flags, 0);
    script_add_message(&server, number, handle, 1UL << 34, 0);
    script_add(&server, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&server, number, handle, MESSAGE_BYTES_MAX + 1, 0);
    script_add_message(&server, number, handle, message_tag(0, MESSAGE_HANDLES_MAX + 1, 0), 0);
    script_add(&server, SYSCALL_message_buffer_set, NOT_MAPPED, 0, 0, 0, 0, 0);
    script_add_message(&server, number, handle, 1, 0);
    script_add_message(&server, number, handle, message_tag(0, 1, 0), 0);
    script_add_message(&server, number, handle, message_tag(5, 0, 0) | flags, 500);
}

/* Checks the results of answers_add(), which begin with call number `first`. */
static void answers_check(unsigned first, int last)
{
    const int expected[] = {
        ERROR_INVALID, ERROR_INVALID, ERROR_INVALID, OK, ERROR_TOO_LONG, ERROR_TOO_LONG, OK,
        ERROR_FAULT,   ERROR_FAULT,   last};
    for (unsigned i = 0; i < array_length(expected); i++) {
        test_equal(message_result(&server, first + i), expected[i]);
    }
    test_equal(message_result(&client, 0), OK);
    script_expect_words(&client.calls[0], 500);
}

/* Starts the client, whose call the server's script receives first. */
static void client_start(void)
{
    script_clear(&client, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    script_start(&client);
}

TEST(SYS0092, "an answer that is refused, by each way to answer, leaves the right to answer",
     ALWAYS)
{
    if (!messages_begin(10)) {
        return;
    }
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    answers_add(SYSCALL_ipc_reply, 0, MESSAGE_TAG_POLL, 0);
    client_start();
    script_start(&server);
    script_join(&server);
    script_join(&client);
    answers_check(1, OK);

    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    answers_add(SYSCALL_ipc_reply_receive, receiver, MESSAGE_TAG_FLAGS, MESSAGE_TAG_POLL);
    client_start();
    script_start(&server);
    script_join(&server);
    script_join(&client);
    answers_check(1, ERROR_AGAIN); /* of the receive behind the answer */

    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_reply_take, 0, 0, 0, 0, 0, 0);
    client_start();
    script_start(&server);
    script_join(&server);
    int64_t reply = message_result(&server, 1);
    test_check(reply > 0);
    script_clear(&server, 1);
    answers_add(SYSCALL_reply_answer, (uint64_t)reply, MESSAGE_TAG_DEADLINE, 0);
    script_start(&server);
    script_join(&server);
    script_join(&client);
    answers_check(0, OK);
    messages_end();
}

/* Waits until the server sleeps in a call, kills it there, checks its end, and empties its script. */
static void waiting_kill(const char *call)
{
    test_wait_blocked(server.running);
    if (server.running != NULL) {
        struct user_thread *user = &server.thread.user;
        user->thread = server.running;
        user_thread_kill(user);
        int status = thread_join(server.running);
        if (status != ERROR_KILLED) {
            test_fail(__FILE__, __LINE__, "%s ended with %d", call, status);
        }
    }
    ipc_state_end(&server.thread.user.ipc);
    script_clear(&server, 1);
}

/* Kills the server in one call. */
static void call_kill(const char *name, uint64_t number, uint64_t handle, uint64_t deadline)
{
    script_add(&server, number, handle, deadline, 0, 0, 0, 0);
    script_start(&server);
    waiting_kill(name);
}

/* Kills the server in calls that wait for a task, and for a thread of it, which do not end. */
static void waits_for_an_end_kill(struct task *task)
{
    struct user_thread *user = task_fixture_start(task, 0, user_code_spin, USER_WORLD_DATA, 0);
    uint32_t of_task = 0, of_thread = 0;
    if (user == NULL) {
        return;
    }
    test_equal(handle_open(&script_handles, &task->object, RIGHTS_ALL, 0, &of_task), OK);
    test_equal(handle_open(&script_handles, &user->object, RIGHTS_ALL, 0, &of_thread), OK);
    call_kill("task_wait", SYSCALL_task_wait, of_task, UINT64_MAX);
    call_kill("thread_wait", SYSCALL_thread_wait, of_thread, UINT64_MAX);
    test_equal(handle_close(&script_handles, of_task), OK);
    test_equal(handle_close(&script_handles, of_thread), OK);
    object_release(&user->object);
}

TEST(SYS0093, "a kill ends a thread in each call that waits for a message, a signal or an end",
     ALWAYS)
{
    if (!messages_begin(10)) {
        return;
    }
    call_kill("ipc_call", SYSCALL_ipc_call, sender, 0);
    call_kill("ipc_receive", SYSCALL_ipc_receive, receiver, 0);
    int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
    call_kill("notification_wait", SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX);

    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, 0, 500);
    client_start();
    script_start(&server);
    script_join(&client); /* has its answer, so the server is in its second call */
    test_equal(message_result(&client, 0), OK);
    waiting_kill("ipc_reply_receive");

    struct task *task = task_fixture_create(1);
    if (task != NULL) {
        (void)task_fixture_data(task);
        waits_for_an_end_kill(task);
        task_fixture_end(task);
    }
    messages_end();
}
