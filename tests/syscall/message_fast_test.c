/* The fast path of messages: that it is taken, each reason to leave it, and ends of either side. */
#include "kernel/syscall/message_fast.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/ipc/ipc.h"
#include "kernel/options.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/fault_inject.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/stack/swapper_test_hooks.h"
#include "tests/support/magazine_take.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

static struct script client, server, third;
static struct endpoint *endpoint, *second;
static uint32_t sender, receiver, second_sender, second_receiver;
static uint64_t left_before[MESSAGE_LEFT_REASONS];

static void scripts_clear(void)
{
    script_clear(&client, 0);
    script_clear(&server, 1);
    script_clear(&third, 2);
    client.affinity = server.affinity = third.affinity = test_cpu_bit(0);
}

static bool begin(void)
{
    if (!script_begin(20)) {
        return false;
    }
    test_equal(endpoint_create(&endpoint), OK);
    test_equal(endpoint_create(&second), OK);
    struct handle_table *table = &script_handles;
    test_equal(handle_open(table, &endpoint->object, RIGHT_SEND, 0xbad9e, &sender), OK);
    test_equal(handle_open(table, &endpoint->object, RIGHT_RECEIVE, 0, &receiver), OK);
    test_equal(handle_open(table, &second->object, RIGHT_SEND, 2, &second_sender), OK);
    test_equal(handle_open(table, &second->object, RIGHT_RECEIVE, 0, &second_receiver), OK);
    scripts_clear();
    for (unsigned i = 0; i < MESSAGE_LEFT_REASONS; i++) {
        left_before[i] = message_fast_left(i);
    }
    swapper_quiet_set(true); /* a thread whose stack it has chosen is another reason to leave */
    return true;
}

static void finish(void)
{
    swapper_quiet_set(false);
    object_release(&endpoint->object);
    object_release(&second->object);
    script_end();
}

static uint64_t left(enum message_fast_reason reason)
{
    return message_fast_left(reason) - left_before[reason];
}

static int64_t result(const struct script *script, unsigned index)
{
    return (int64_t)script->calls[index].rax;
}

static void start_and_wait(struct script *script)
{
    script_start(script);
    test_wait_blocked(script->running);
}

static void kill_and_join(struct script *script)
{
    if (script->running != NULL) {
        script->thread.user.thread = script->running;
        user_thread_kill(&script->thread.user);
        test_equal(thread_join(script->running), ERROR_KILLED);
    }
    ipc_state_end(&script->thread.user.ipc);
}

/* A server that answers `count` calls: the first with value + 100, and so on. */
static void server_start(unsigned count, uint64_t value)
{
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    for (unsigned i = 1; i <= count; i++) {
        script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, message_tag(i, 0, 0),
                           value + 100 * i);
    }
    start_and_wait(&server);
}

TEST(MSF0001, "calls on one CPU take the fast path, with all words, tag and badge both ways",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    server_start(9, 1000);
    for (unsigned i = 0; i < 8; i++) {
        script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(50 + i, 0, 0), 10 * i);
    }
    script_start(&client);
    script_join(&client);
    uint64_t all = 0;
    for (unsigned i = 0; i < MESSAGE_LEFT_REASONS; i++) {
        all += left(i);
    }
    test_check(all < 8); /* of 16; a thread of the kernel may be in the way of some */
    kill_and_join(&server);
    memcpy(server.calls, (const void *)(user_world_data(&script_world) + 0x380 / 8 + 1),
           sizeof(server.calls));
    for (unsigned i = 0; i < 8; i++) {
        test_equal(result(&client, i), OK);
        test_equal(client.calls[i].rdi, 0);
        test_equal(client.calls[i].rsi, message_tag(i + 1, 0, 0));
        script_expect_words(&client.calls[i], 1000 + 100 * (i + 1));
        test_equal(result(&server, i), OK);
        test_equal(server.calls[i].rdi, 0xbad9e);
        test_equal(server.calls[i].rsi, message_tag(50 + i, 0, 0));
        script_expect_words(&server.calls[i], 10 * i);
    }
    test_check(priority_queue_empty(&endpoint->receivers));
    finish();
}

TEST(MSF0002, "the fast path is left for tags, for handles, and where nobody waits", ALWAYS)
{
    if (!begin()) {
        return;
    }
    script_add_message(&client, SYSCALL_ipc_call, sender, MESSAGE_TAG_POLL, 0);
    script_add_message(&client, SYSCALL_ipc_reply_receive, receiver, MESSAGE_TAG_POLL, 0);
    script_add_message(&client, SYSCALL_ipc_call, receiver, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, 1UL << 46 | sender, 0, 0);
    script_add_message(&client, SYSCALL_ipc_reply_receive, receiver, 0, 0);
    script_start(&client);
    script_join(&client);
    test_equal(result(&client, 0), ERROR_AGAIN);
    test_equal(result(&client, 1), ERROR_NOT_FOUND);
    test_equal(result(&client, 2), ERROR_NO_RIGHT);
    test_equal(result(&client, 3), ERROR_BAD_HANDLE);
    test_equal(result(&client, 4), ERROR_NOT_FOUND);
    test_equal(left(MESSAGE_LEFT_TAG), 2);
    test_equal(left(MESSAGE_LEFT_HANDLE), 2);
    test_equal(left(MESSAGE_LEFT_NOBODY), 1);

    script_clear(&client, 0); /* a call that comes before its server */
    client.affinity = test_cpu_bit(0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 7);
    start_and_wait(&client);
    test_equal(left(MESSAGE_LEFT_NOBODY), 2);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 70);
    script_start(&server);
    script_join(&server);
    script_join(&client);
    test_equal(result(&client, 0), OK);
    script_expect_words(&client.calls[0], 70);
    script_expect_words(&server.calls[0], 7);
    finish();
}

TEST(MSF0003, "the fast path is left for a receiver with a deadline, which gets its message",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    volatile uint64_t *page = user_world_data(&script_world);
    page[(SCRIPT_BUFFER - USER_WORLD_DATA) / 8] = 0;
    script_add(&server, SYSCALL_message_buffer_set,
               SCRIPT_BUFFER - offsetof(struct message_buffer, deadline_ns), 0, 0, 0, 0, 0);
    page[(SCRIPT_BUFFER - USER_WORLD_DATA) / 8] = clock_now_ns() + 60000000000UL;
    script_add_message(&server, SYSCALL_ipc_receive, receiver, MESSAGE_TAG_DEADLINE, 0);
    script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 80);
    start_and_wait(&server);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 8);
    script_start(&client);
    script_join(&client);
    script_join(&server);
    test_equal(left(MESSAGE_LEFT_SLOW_WAIT), 1);
    test_equal(result(&client, 0), OK);
    script_expect_words(&client.calls[0], 80);
    script_expect_words(&server.calls[1], 8);
    finish();
}

TEST(MSF0004, "the fast path is left for another endpoint, and while calls wait for the server",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, 0, 100);
    script_add_message(&server, SYSCALL_ipc_reply_receive, second_receiver, 0, 200);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    script_add_message(&third, SYSCALL_ipc_call, sender, 0, 2);
    start_and_wait(&client);
    start_and_wait(&third);
    script_start(&server);
    script_join(&client);
    script_join(&third);
    test_wait_blocked(server.running);
    test_equal(left(MESSAGE_LEFT_CALLERS), 1);
    test_equal(left(MESSAGE_LEFT_ENDPOINT), 1);
    script_expect_words(&client.calls[0], 100);
    script_expect_words(&third.calls[0], 200);
    test_check(priority_queue_empty(&endpoint->receivers) &&
               !priority_queue_empty(&second->receivers));
    kill_and_join(&server);
    test_check(priority_queue_empty(&second->receivers));
    finish();
}

TEST(MSF0005, "an answer to a call that was given up does not take the fast path to the next call",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, 0, 300);
    start_and_wait(&server);
    script_add(&client, SYSCALL_message_buffer_set,
               SCRIPT_BUFFER - offsetof(struct message_buffer, deadline_ns), 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, MESSAGE_TAG_DEADLINE, 0);
    script_add_message(&client, SYSCALL_ipc_call, second_sender, 0, 3);
    user_world_data(&script_world)[(SCRIPT_BUFFER - USER_WORLD_DATA) / 8] =
        clock_now_ns() + 20000000;
    script_start(&client);
    test_eventually(!priority_queue_empty(&second->callers), "the client has not called again");
    test_wait_blocked(client.running);
    script_add(&third, SYSCALL_notification_signal, (uint64_t)notification, 1, 0, 0, 0, 0);
    script_start(&third);
    script_join(&third);
    test_eventually(!priority_queue_empty(&endpoint->receivers),
                    "the server does not receive again");
    test_equal(left(MESSAGE_LEFT_CALLER_GONE), 1);
    test_check(!priority_queue_empty(&second->callers)); /* the second call still waits */
    kill_and_join(&client);
    kill_and_join(&server);
    test_check(priority_queue_empty(&second->callers));
    finish();
}

TEST(MSF0006, "the fast path is left for a server on another CPU, or one that is to move there",
     TWO_CPUS)
{
    if (!begin()) {
        return;
    }
    server.affinity = test_cpu_bit(1);
    server_start(4, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 5);
    script_start(&client);
    script_join(&client);
    test_check(left(MESSAGE_LEFT_ELSEWHERE) >= 1);
    script_expect_words(&client.calls[0], 100);

    script_clear(&client, 0);
    client.affinity = test_cpu_bit(1);
    test_wait_blocked(server.running);
    test_equal(thread_affinity_set(server.running, test_cpu_bit(0)), OK);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 6);
    script_start(&client);
    script_join(&client);
    test_equal(left(MESSAGE_LEFT_PENDING), 1);
    script_expect_words(&client.calls[0], 200);
    kill_and_join(&server);
    finish();
}

TEST(MSF0007, "the fast path is left for a thread that is to end, whose call is an error", ALWAYS)
{
    if (!begin()) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT + 1);
    server_start(1, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 5);
    script_start(&client);
    if (client.running != NULL) { /* it has not run yet */
        client.running->kill_wanted = true;
    }
    test_thread_unbind();
    script_join(&client);
    test_equal(left(MESSAGE_LEFT_KILLED), 1);
    test_equal(result(&client, 0), ERROR_KILLED);
    kill_and_join(&server);
    finish();
}

static void priority_set(const struct script *script, unsigned priority)
{
    if (script->running != NULL) {
        test_equal(thread_priority_set(script->running, priority), OK);
    }
}

TEST(MSF0008, "the fast path is left if a more urgent thread than the answered one is ready",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT + 9);
    int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
    script_add(&third, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0, 0);
    start_and_wait(&third);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_notification_signal, (uint64_t)notification, 1, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, 0, 100);
    start_and_wait(&server);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    script_start(&client);
    priority_set(&server, THREAD_PRIORITY_DEFAULT + 8);
    priority_set(&third, THREAD_PRIORITY_DEFAULT + 4);
    test_thread_unbind();
    script_join(&client);
    script_join(&third);
    test_check(left(MESSAGE_LEFT_PRIORITY) >= 1);
    script_expect_words(&client.calls[0], 100);
    kill_and_join(&server);
    finish();
}

/* Fewer than two threads with one page each may miss, and enough for one of them. */
#define ROUNDS_FOR_ONE (STACK_PAGES - 1)

TEST(MSF0009,
     "the fast path is left if the magazine does not cover both stacks, and the call is made",
     MEMORY_WAITS)
{
    if (stack_mode_get() == STACK_MODE_LEND) {
        test_skip("stack=lend gives both stacks their pages");
        return;
    }
    if (!begin()) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT + 1);
    if (magazine_takers_begin()) {
        *(volatile char *)stack_floor(thread_current()->slot) = 1; /* this thread needs no cover */
        server_start(1, 0);
        script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
        script_start(&client);
        uint64_t flags = interrupts_save();
        fault_inject_arm(FAULT_INJECT_REFILL, 1, 0);
        magazine_leave(ROUNDS_FOR_ONE);
        interrupts_restore(flags);
        test_eventually(left(MESSAGE_LEFT_GATE) != 0 || memory_waiters() != 0,
                        "the client has not called");
        fault_inject_arm(FAULT_INJECT_REFILL, options.inject_every[FAULT_INJECT_REFILL],
                         options.seed);
        script_join(&client);
        test_check(left(MESSAGE_LEFT_GATE) >= 1);
        script_expect_words(&client.calls[0], 100);
        kill_and_join(&server);
    }
    magazine_takers_end();
    test_thread_unbind();
    finish();
}

/* After this the server sleeps in a receive of the fast path. The client has ended. */
static void server_into_fast_receive(unsigned count)
{
    server_start(count, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    script_start(&client);
    script_join(&client);
    script_expect_words(&client.calls[0], 100);
    test_wait_blocked(server.running);
    test_check(!priority_queue_empty(&endpoint->receivers));
    script_clear(&client, 0);
    client.affinity = test_cpu_bit(0);
}

TEST(MSF0010,
     "a server that is killed in its fast receive leaves the list, and the next one serves", ALWAYS)
{
    if (!begin()) {
        return;
    }
    server_into_fast_receive(2);
    kill_and_join(&server);
    test_check(priority_queue_empty(&endpoint->receivers));
    script_add_message(&third, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&third, SYSCALL_ipc_reply, 0, 0, 40);
    start_and_wait(&third);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    script_start(&client);
    script_join(&client);
    script_join(&third);
    test_equal(result(&client, 0), OK);
    script_expect_words(&client.calls[0], 40);
    finish();
}

TEST(MSF0011, "closing the last handle of either side ends a fast receive with an error", ALWAYS)
{
    for (unsigned side = 0; side < 2; side++) {
        if (!begin()) {
            return;
        }
        server_into_fast_receive(2);
        test_equal(handle_close(&script_handles, side == 0 ? sender : receiver), OK);
        script_join(&server);
        test_equal(result(&server, 1), ERROR_PEER_DIED);
        finish();
    }
}

/* A client calls by the fast path, and its server waits for a notification meanwhile. */
static int64_t call_under_way(void)
{
    int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, 0, 100);
    start_and_wait(&server);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    start_and_wait(&client);
    test_check(priority_queue_empty(&endpoint->receivers));
    test_wait_blocked(server.running);
    return notification;
}

static void signal(int64_t notification)
{
    script_add(&third, SYSCALL_notification_signal, (uint64_t)notification, 1, 0, 0, 0, 0);
    script_start(&third);
    script_join(&third);
}

TEST(MSF0012, "a client that is killed in its fast call makes the answer go nowhere", ALWAYS)
{
    if (!begin()) {
        return;
    }
    int64_t notification = call_under_way();
    kill_and_join(&client);
    signal(notification);
    test_eventually(!priority_queue_empty(&endpoint->receivers),
                    "the server does not receive again");
    test_equal(left(MESSAGE_LEFT_CALLER_GONE), 1);
    kill_and_join(&server);
    finish();
}

TEST(MSF0013, "a server that is killed before it answers ends a fast call with an error", ALWAYS)
{
    if (!begin()) {
        return;
    }
    ignore_result(call_under_way());
    kill_and_join(&server);
    script_join(&client);
    test_equal(result(&client, 0), ERROR_PEER_DIED);
    test_equal(client.calls[0].rdx, 0);
    finish();
}

TEST(MSF0014, "a fast call is answered by the slow path, by an error, and by a fault", ALWAYS)
{
    for (unsigned way = 0; way < 3; way++) {
        if (!begin()) {
            return;
        }
        script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
        if (way == 0) {
            script_add_message(&server, SYSCALL_ipc_reply, 0, message_tag(9, 0, 0), 90);
        } else if (way == 1) {
            script_add_message(&server, SYSCALL_ipc_receive, receiver, MESSAGE_TAG_POLL, 0);
        } else {
            script_add(&server, SYSCALL_reply_fault, 55, 0, 0, 0, 0, 0);
        }
        start_and_wait(&server);
        script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
        script_start(&client);
        if (way < 2) {
            script_join(&client);
            test_equal(result(&client, 0), way == 0 ? OK : ERROR_PEER_DIED);
            test_equal(client.calls[0].rsi, way == 0 ? message_tag(9, 0, 0) : 0);
        } else {
            test_equal(client.running != NULL ? thread_join(client.running) : 55, 55);
            ipc_state_end(&client.thread.user.ipc);
        }
        script_join(&server);
        finish();
    }
}
