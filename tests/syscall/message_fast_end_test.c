/* Ends of either side while the fast path of messages is in use. */
#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "sched/stack/handoff.h"
#include "tests/support/threads.h"
#include "tests/syscall/message_fast_fixture.h"
#include "tests/test.h"

/* After this the server sleeps in a receive of the fast path. The client has ended. */
static void server_into_fast_receive(unsigned count)
{
    message_fast_server_start(count, 0);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 1);
    script_start(&fast.client);
    script_join(&fast.client);
    script_expect_words(&fast.client.calls[0], 100);
    test_wait_blocked(fast.server.running);
    test_check(!priority_queue_empty(&fast.endpoint->receivers));
    script_clear(&fast.client, 0);
    fast.client.affinity = test_cpu_bit(0);
}

TEST(MSF0010,
     "a server that is killed in its fast receive leaves the list, and the next one serves", ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    server_into_fast_receive(2);
    script_kill_and_join(&fast.server);
    test_check(priority_queue_empty(&fast.endpoint->receivers));
    script_add_message(&fast.third, SYSCALL_ipc_receive, fast.receiver, 0, 0);
    script_add_message(&fast.third, SYSCALL_ipc_reply, 0, 0, 40);
    script_start_and_wait(&fast.third);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 1);
    script_start(&fast.client);
    script_join(&fast.client);
    script_join(&fast.third);
    test_equal(script_result(&fast.client, 0), OK);
    script_expect_words(&fast.client.calls[0], 40);
    message_fast_end();
}

TEST(MSF0011, "closing the last handle of either side ends a fast receive with an error", ALWAYS)
{
    for (unsigned side = 0; side < 2; side++) {
        if (!message_fast_begin()) {
            return;
        }
        server_into_fast_receive(2);
        test_equal(handle_close(&script_handles, side == 0 ? fast.sender : fast.receiver), OK);
        script_join(&fast.server);
        test_equal(script_result(&fast.server, 1), ERROR_PEER_DIED);
        message_fast_end();
    }
}

/* A client calls by the fast path, and its server waits for a notification meanwhile. */
static int64_t call_under_way(void)
{
    int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
    script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
    script_add(&fast.server, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0,
               0);
    script_add_message(&fast.server, SYSCALL_ipc_reply_receive, fast.receiver, 0, 100);
    script_start_and_wait(&fast.server);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 1);
    script_start_and_wait(&fast.client);
    test_check(priority_queue_empty(&fast.endpoint->receivers));
    test_wait_blocked(fast.server.running);
    return notification;
}

static void signal(int64_t notification)
{
    script_add(&fast.third, SYSCALL_notification_signal, (uint64_t)notification, 1, 0, 0, 0, 0);
    script_start(&fast.third);
    script_join(&fast.third);
}

TEST(MSF0012, "a client that is killed in its fast call makes the answer go nowhere", ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    int64_t notification = call_under_way();
    script_kill_and_join(&fast.client);
    signal(notification);
    test_eventually(!priority_queue_empty(&fast.endpoint->receivers),
                    "the server does not receive again");
    test_equal(message_fast_left_since(MESSAGE_LEFT_CALLER_GONE), 1);
    script_kill_and_join(&fast.server);
    message_fast_end();
}

TEST(MSF0013, "a server that is killed before it answers ends a fast call with an error", ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    ignore_result(call_under_way());
    script_kill_and_join(&fast.server);
    script_join(&fast.client);
    test_equal(script_result(&fast.client, 0), ERROR_PEER_DIED);
    test_equal(fast.client.calls[0].rdx, 0);
    message_fast_end();
}

TEST(MSF0014, "a fast call is answered by the slow path, by an error, and by a fault", ALWAYS)
{
    for (unsigned way = 0; way < 3; way++) {
        if (!message_fast_begin()) {
            return;
        }
        script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
        if (way == 0) {
            script_add_message(&fast.server, SYSCALL_ipc_reply, 0, message_tag(9, 0, 0), 90);
        } else if (way == 1) {
            script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, MESSAGE_TAG_POLL,
                               0);
        } else {
            script_add(&fast.server, SYSCALL_reply_fault, 55, 0, 0, 0, 0, 0);
        }
        script_start_and_wait(&fast.server);
        script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 1);
        script_start(&fast.client);
        if (way < 2) {
            script_join(&fast.client);
            test_equal(script_result(&fast.client, 0), way == 0 ? OK : ERROR_PEER_DIED);
            test_equal(fast.client.calls[0].rsi, way == 0 ? message_tag(9, 0, 0) : 0);
        } else {
            test_equal(fast.client.running != NULL ? thread_join(fast.client.running) : 55, 55);
            ipc_state_end(&fast.client.thread.user.ipc);
        }
        script_join(&fast.server);
        message_fast_end();
    }
}

TEST(MSF0015, "a receive by a handle that was closed is an error, and another handle still serves",
     ALWAYS)
{
    uint32_t again;
    if (!message_fast_begin()) {
        return;
    }
    test_equal(handle_open(&script_handles, &fast.endpoint->object, RIGHT_RECEIVE, 0, &again), OK);
    script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
    script_add_message(&fast.server, SYSCALL_ipc_reply_receive, fast.receiver, 0, 100);
    script_add(&fast.server, SYSCALL_handle_close, fast.receiver, 0, 0, 0, 0, 0);
    script_add_message(&fast.server, SYSCALL_ipc_reply_receive, fast.receiver, 0, 200);
    script_add_message(&fast.server, SYSCALL_ipc_reply_receive, 0, 0, 300);
    script_add_message(&fast.server, SYSCALL_ipc_reply, 0, 0, 400);
    script_add_message(&fast.server, SYSCALL_ipc_receive, again, 0, 0);
    script_add_message(&fast.server, SYSCALL_ipc_reply_receive, again, 0, 500);
    script_add_message(&fast.server, SYSCALL_ipc_reply, 0, 0, 600);
    script_start_and_wait(&fast.server);
    for (unsigned i = 0; i < 4; i++) {
        script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, i);
    }
    script_start(&fast.client);
    script_join(&fast.client);
    /* The server has done all. Should it wait for more, it learns now that nobody can call. */
    test_equal(handle_close(&script_handles, fast.sender), OK);
    script_join(&fast.server);
    test_equal(script_result(&fast.server, 3), ERROR_CLOSED_HANDLE);
    test_equal(script_result(&fast.server, 4), ERROR_BAD_HANDLE);
    static const unsigned values[] = {100, 400, 500, 600};
    for (unsigned i = 0; i < array_length(values); i++) {
        test_equal(script_result(&fast.client, i), OK);
        script_expect_words(&fast.client.calls[i], values[i]);
    }
    message_fast_end();
}

TEST(MSF0016,
     "once both sides have slept in a fast call, messages stay in registers, if the mode lets them",
     ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    message_fast_server_start(9, 1000);
    for (unsigned i = 0; i < 8; i++) {
        script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 10 * i);
    }
    script_start(&fast.client);
    script_join(&fast.client);
    bool by_frame = message_fast_by_frame() - fast.by_frame_before >= 8; /* of 16 */
    test_equal(by_frame,
               fred_is_active() || (stack_mode_get() == STACK_MODE_LEND && !handoff_wanted));
    script_expect_words(&fast.client.calls[7], 1800);
    script_kill_and_join(&fast.server);
    message_fast_end();
}

TEST(MSF0017, "a fast call by a handle that is none, or lacks the right, reaches nobody", ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    const uint64_t sender = fast.sender;
    const uint64_t handles[] = {sender,
                                sender,
                                fast.receiver,
                                1UL << 46 | sender,
                                1UL << 32 | sender,
                                sender ^ 1UL << HANDLE_INDEX_BITS,
                                fast.second_receiver,
                                sender + HANDLE_CHUNK_ENTRIES,
                                sender};
    message_fast_server_start(3, 1000);
    for (unsigned i = 0; i < array_length(handles); i++) {
        script_add_message(&fast.client, SYSCALL_ipc_call, handles[i], 0, i);
    }
    script_start(&fast.client);
    script_join(&fast.client);
    for (unsigned i = 0; i < array_length(handles); i++) {
        test_equal(script_result(&fast.client, i) == OK, handles[i] == sender);
    }
    script_expect_words(&fast.client.calls[8], 1300);
    script_kill_and_join(&fast.server);
    message_fast_end();
}

/* Checks that a thread sleeps with nothing on its stack but the user's frame and two words. */
static void check_sleeps_in_frame(const struct script *script)
{
    const struct thread *thread = script->running;
    test_equal(stack_top(thread->slot) - thread->saved_rsp, HANDOFF_LIVE_BYTES);
}

TEST(MSF0019,
     "a call, or a receive, that waits on the ordinary path keeps nothing on the stack but the "
     "frame",
     ALWAYS)
{
    static const int results[] = {OK, ERROR_PEER_DIED};
    for (unsigned wake = 0; wake < 3; wake++) {
        if (!message_fast_begin()) {
            return;
        }
        script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 1);
        script_start_and_wait(&fast.client); /* nobody receives: it is in the endpoint's queue */
        check_sleeps_in_frame(&fast.client);
        script_add_message(&fast.server, SYSCALL_ipc_receive, fast.second_receiver, 0, 0);
        script_start_and_wait(&fast.server); /* nobody calls */
        check_sleeps_in_frame(&fast.server);
        if (wake == 0) {
            script_add_message(&fast.third, SYSCALL_ipc_call, fast.second_sender, 0, 2);
            script_start_and_wait(&fast.third);
            script_join(&fast.server); /* so the third thread's call fails */
            script_join(&fast.third);
            script_clear(&fast.third, 0);
            script_add_message(&fast.third, SYSCALL_ipc_receive, fast.receiver, 0, 0);
            script_add_message(&fast.third, SYSCALL_ipc_reply, 0, 0, 40);
            script_start(&fast.third);
            script_join(&fast.third);
            script_join(&fast.client);
            script_expect_words(&fast.client.calls[0], 40);
        } else if (wake == 1) {
            test_equal(handle_close(&script_handles, fast.receiver), OK);
            test_equal(handle_close(&script_handles, fast.second_sender), OK);
            script_join(&fast.client);
            script_join(&fast.server);
        } else {
            script_kill_and_join(&fast.client);
            script_kill_and_join(&fast.server);
        }
        if (wake != 2) {
            test_equal(script_result(&fast.client, 0), results[wake]);
            test_equal(script_result(&fast.server, 0), results[wake]);
        }
        message_fast_end();
    }
}

TEST(MSF0020, "a receive by a closed handle is an error even if 2^32 handles are closed meanwhile",
     ALWAYS)
{
    uint32_t again;
    if (!message_fast_begin()) {
        return;
    }
    test_equal(handle_open(&script_handles, &fast.endpoint->object, RIGHT_RECEIVE, 0, &again), OK);
    script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
    for (unsigned i = 1; i < 4; i++) {
        script_add_message(&fast.server, SYSCALL_ipc_reply_receive, fast.receiver, 0, 100 * i);
    }
    script_add_message(&fast.server, SYSCALL_ipc_reply, 0, 0, 400);
    script_start_and_wait(&fast.server);
    for (unsigned i = 0; i < 3; i++) {
        script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, i);
        script_start(&fast.client);
        script_join(&fast.client);
        test_equal(script_result(&fast.client, 0), OK);
        script_expect_words(&fast.client.calls[0], i < 2 ? 100 * (i + 1) : 400);
        script_clear(&fast.client, 0);
        fast.client.affinity = test_cpu_bit(0);
        if (i == 1) {
            test_wait_blocked(fast.server.running);
            uint64_t before = script_handles.closes;
            test_equal(handle_close(&script_handles, fast.receiver), OK);
            script_closes_pass(before);
        }
    }
    /* Should the server wait for more, it learns now that nobody can call. */
    test_equal(handle_close(&script_handles, fast.sender), OK);
    script_join(&fast.server);
    test_equal(script_result(&fast.server, 3), ERROR_CLOSED_HANDLE);
    message_fast_end();
}
