/* Messages between threads in user mode: registers, answers, and how calls end. */
#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "tests/support/threads.h"
#include "tests/syscall/message_fixture.h"
#include "tests/test.h"

static struct script again;

TEST(SYS0020, "six words, tag and badge reach a server in registers, and the answer comes back",
     ALWAYS)
{
    if (!messages_begin(10)) {
        return;
    }
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(0xabcd, 0, 0), 100);
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(1, 0, 0), 200);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, message_tag(0xffff, 0, 0),
                       300);
    script_add_message(&server, SYSCALL_ipc_reply, 0, message_tag(2, 0, 0), 400);
    messages_run_both();
    for (unsigned i = 0; i < 2; i++) {
        test_equal(message_result(&client, i), OK);
        test_equal(message_result(&server, i), OK);
        script_expect_words(&server.calls[i], i == 0 ? 100 : 200);
        test_equal(server.calls[i].rsi, message_tag(i == 0 ? 0xabcd : 1, 0, 0));
        test_equal(server.calls[i].rdi, 0xbad9e);
        script_expect_words(&client.calls[i], i == 0 ? 300 : 400);
        test_equal(client.calls[i].rsi, message_tag(i == 0 ? 0xffff : 2, 0, 0));
        test_equal(client.calls[i].rdi, 0);
    }
    test_equal(message_result(&server, 2), OK);
    const struct script_call *reply = &server.calls[2];
    test_equal(reply->rdi | reply->rsi | reply->rdx | reply->r8 | reply->r9 | reply->r10 |
                   reply->r12 | reply->r13,
               0);
    messages_end();
}

TEST(SYS0005, "polls and deadlines end calls and receives, and all registers come back as 0",
     ALWAYS)
{
    if (!messages_begin(10)) {
        return;
    }
    uint64_t deadline_ns = 1; /* long past */
    message_buffer_write(offsetof(struct message_buffer, deadline_ns), &deadline_ns, 8);
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t flag = i == 0 ? MESSAGE_TAG_POLL : MESSAGE_TAG_DEADLINE;
        script_add_message(&client, SYSCALL_ipc_call, sender, flag, 1);
        script_add_message(&client, SYSCALL_ipc_receive, receiver, flag, 2);
    }
    script_start(&client);
    script_join(&client);
    test_equal(message_result(&client, 0), OK);
    for (unsigned i = 1; i < 5; i++) {
        test_equal(message_result(&client, i), i < 3 ? ERROR_AGAIN : ERROR_TIMEOUT);
        const struct script_call *call = &client.calls[i];
        test_equal(call->rdi | call->rsi | call->rdx | call->r8 | call->r9 | call->r10 | call->r12 |
                       call->r13,
                   0);
    }
    script_clear(&client, 0); /* after an answer the receive has the same ends */
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, MESSAGE_TAG_POLL, 7);
    messages_run_both();
    test_equal(message_result(&client, 0), OK);
    test_equal(message_result(&server, 1), ERROR_AGAIN);
    messages_end();
}

TEST(SYS0006, "a call and a receive whose other side has no handle any more end with an error",
     ALWAYS)
{
    if (!messages_begin(10)) {
        return;
    }
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_start(&server);
    test_wait_blocked(server.running);
    test_equal(handle_close(&script_handles, sender), OK);
    script_join(&server);
    test_equal(message_result(&server, 0), ERROR_PEER_DIED);
    test_equal(handle_open(&script_handles, &endpoint->object, RIGHT_SEND, 0, &sender), OK);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 0);
    script_start(&client);
    test_wait_blocked(client.running);
    test_equal(handle_close(&script_handles, receiver), OK);
    script_join(&client);
    test_equal(message_result(&client, 0), ERROR_PEER_DIED);
    messages_end();

    if (!messages_begin(10)) { /* the same in a receive behind an answer */
        return;
    }
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, 0, 0);
    script_start(&server);
    script_start(&client);
    script_join(&client);
    test_equal(message_result(&client, 0), OK);
    test_wait_blocked(server.running);
    test_equal(handle_close(&script_handles, sender), OK);
    script_join(&server);
    test_equal(message_result(&server, 1), ERROR_PEER_DIED);
    messages_end();
}

TEST(SYS0007, "a kill ends a call, and a fault of the receiver's ends the caller with its status",
     ALWAYS)
{
    if (!messages_begin(10)) {
        return;
    }
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 0);
    script_start(&client);
    test_wait_blocked(client.running);
    if (client.running != NULL) {
        client.thread.user.thread = client.running;
        user_thread_kill(&client.thread.user);
        test_equal(thread_join(client.running), ERROR_KILLED);
    }
    ipc_state_end(&client.thread.user.ipc);
    test_check(priority_queue_empty(&endpoint->callers));

    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_reply_fault, 55, 0, 0, 0, 0, 0);
    script_start(&server);
    script_start(&client);
    test_equal(client.running != NULL ? thread_join(client.running) : 55, 55);
    ipc_state_end(&client.thread.user.ipc);
    script_join(&server);
    test_equal(message_result(&server, 1), OK);
    messages_end();
}

TEST(SYS0008, "answers need a caller: none, one that is gone, and one that was answered are errors",
     ALWAYS)
{
    if (!messages_begin(10)) {
        return;
    }
    script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_reply_take, 0, 0, 0, 0, 0, 0);
    script_add(&server, SYSCALL_reply_fault, 0, 0, 0, 0, 0, 0);
    script_start(&server);
    script_join(&server);
    for (unsigned i = 0; i < 4; i++) {
        test_equal(message_result(&server, i), ERROR_NOT_FOUND);
    }
    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_reply_take, 0, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    script_start(&server);
    script_start(&client);
    script_join(&server);
    int64_t reply = message_result(&server, 1);
    test_check(reply > 0);
    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_reply_answer, (uint64_t)reply, message_tag(3, 0, 0), 500);
    script_add_message(&server, SYSCALL_reply_answer, (uint64_t)reply, 0, 0);
    script_add(&server, SYSCALL_handle_close, (uint64_t)reply, 0, 0, 0, 0, 0);
    script_start(&server);
    script_join(&server);
    script_join(&client);
    test_equal(message_result(&server, 0), OK);
    test_equal(message_result(&server, 1), ERROR_NOT_FOUND);
    test_equal(message_result(&server, 2), OK);
    test_equal(message_result(&client, 0), OK);
    script_expect_words(&client.calls[0], 500);

    uint64_t deadline_ns = clock_now_ns() + 30000000; /* the caller gives up before the answers */
    message_buffer_write(offsetof(struct message_buffer, deadline_ns), &deadline_ns, 8);
    script_clear(&client, 0);
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, MESSAGE_TAG_DEADLINE, 1);
    for (unsigned way = 0; way < 3; way++) {
        deadline_ns = clock_now_ns() + 30000000;
        message_buffer_write(offsetof(struct message_buffer, deadline_ns), &deadline_ns, 8);
        again = client;
        script_clear(&server, 1);
        script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
        int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
        script_add(&server, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0,
                   0);
        if (way == 0) {
            script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 0);
        } else if (way == 1) {
            script_add(&server, SYSCALL_reply_fault, 0, 0, 0, 0, 0, 0);
        } else {
            script_add(&server, SYSCALL_null, 0, 0, 0, 0, 0, 0);
        }
        script_start(&server);
        test_wait_blocked(server.running);
        script_start(&again);
        script_join(&again);
        test_equal(message_result(&again, 1), ERROR_TIMEOUT);
        script_clear(&again, 0);
        script_add(&again, SYSCALL_notification_signal, (uint64_t)notification, 1, 0, 0, 0, 0);
        script_start(&again);
        script_join(&again);
        script_join(&server);
        test_equal(message_result(&server, 2), way < 2 ? ERROR_PEER_DIED : OK);
        test_equal(handle_close(&script_handles, (uint64_t)notification), OK);
    }

    script_clear(&server, 1); /* the same by a reply handle */
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_reply_take, 0, 0, 0, 0, 0, 0);
    script_start(&server);
    test_wait_blocked(server.running);
    deadline_ns = clock_now_ns() + 30000000;
    message_buffer_write(offsetof(struct message_buffer, deadline_ns), &deadline_ns, 8);
    again = client;
    script_start(&again);
    script_join(&server);
    script_join(&again);
    test_equal(message_result(&again, 1), ERROR_TIMEOUT);
    reply = message_result(&server, 1);
    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_reply_answer, (uint64_t)reply, 0, 0);
    script_add(&server, SYSCALL_handle_close, (uint64_t)reply, 0, 0, 0, 0, 0);
    script_start(&server);
    script_join(&server);
    test_equal(message_result(&server, 0), ERROR_PEER_DIED);
    messages_end();
}
