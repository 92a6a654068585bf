/* The fast path of messages: that it is taken, and each reason to leave it. */
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
#include "tests/support/cache_settings.h"
#include "tests/support/magazine_take.h"
#include "tests/support/threads.h"
#include "tests/syscall/message_fast_fixture.h"
#include "tests/test.h"

TEST(MSF0001, "calls on one CPU take the fast path, with all words, tag and badge both ways",
     ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    message_fast_server_start(9, 1000);
    for (unsigned i = 0; i < 8; i++) {
        script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, message_tag(50 + i, 0, 0),
                           10 * i);
    }
    script_start(&fast.client);
    script_join(&fast.client);
    uint64_t all = 0;
    for (unsigned i = 0; i < MESSAGE_LEFT_REASONS; i++) {
        all += message_fast_left_since(i);
    }
    test_check(all < 8); /* of 16; a thread of the kernel may be in the way of some */
    script_kill_and_join(&fast.server);
    memcpy(fast.server.calls, (const void *)(user_world_data(&script_world) + 0x380 / 8 + 1),
           sizeof(fast.server.calls));
    for (unsigned i = 0; i < 8; i++) {
        test_equal(script_result(&fast.client, i), OK);
        test_equal(fast.client.calls[i].rdi, 0);
        test_equal(fast.client.calls[i].rsi, message_tag(i + 1, 0, 0));
        script_expect_words(&fast.client.calls[i], 1000 + 100 * (i + 1));
        test_equal(script_result(&fast.server, i), OK);
        test_equal(fast.server.calls[i].rdi, 0xbad9e);
        test_equal(fast.server.calls[i].rsi, message_tag(50 + i, 0, 0));
        script_expect_words(&fast.server.calls[i], 10 * i);
    }
    test_check(priority_queue_empty(&fast.endpoint->receivers));
    message_fast_end();
}

TEST(MSF0002, "the fast path is left for tags, for handles, and where nobody waits", ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, MESSAGE_TAG_POLL, 0);
    script_add_message(&fast.client, SYSCALL_ipc_reply_receive, fast.receiver, MESSAGE_TAG_POLL, 0);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.receiver, 0, 0);
    script_add_message(&fast.client, SYSCALL_ipc_call, 1UL << 46 | fast.sender, 0, 0);
    script_add_message(&fast.client, SYSCALL_ipc_reply_receive, fast.receiver, 0, 0);
    script_start(&fast.client);
    script_join(&fast.client);
    test_equal(script_result(&fast.client, 0), ERROR_AGAIN);
    test_equal(script_result(&fast.client, 1), ERROR_NOT_FOUND);
    test_equal(script_result(&fast.client, 2), ERROR_NO_RIGHT);
    test_equal(script_result(&fast.client, 3), ERROR_BAD_HANDLE);
    test_equal(script_result(&fast.client, 4), ERROR_NOT_FOUND);
    test_equal(message_fast_left_since(MESSAGE_LEFT_TAG), 2);
    test_equal(message_fast_left_since(MESSAGE_LEFT_HANDLE), 2);
    test_equal(message_fast_left_since(MESSAGE_LEFT_NOBODY), 1);

    script_clear(&fast.client, 0); /* a call that comes before its server */
    fast.client.affinity = test_cpu_bit(0);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 7);
    script_start_and_wait(&fast.client);
    test_equal(message_fast_left_since(MESSAGE_LEFT_NOBODY), 2);
    script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
    script_add_message(&fast.server, SYSCALL_ipc_reply, 0, 0, 70);
    script_start(&fast.server);
    script_join(&fast.server);
    script_join(&fast.client);
    test_equal(script_result(&fast.client, 0), OK);
    script_expect_words(&fast.client.calls[0], 70);
    script_expect_words(&fast.server.calls[0], 7);
    message_fast_end();
}

TEST(MSF0003, "the fast path is left for a receiver with a deadline, which gets its message",
     ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    volatile uint64_t *page = user_world_data(&script_world);
    page[(SCRIPT_BUFFER - USER_WORLD_DATA) / 8] = 0;
    script_add(&fast.server, SYSCALL_message_buffer_set,
               SCRIPT_BUFFER - offsetof(struct message_buffer, deadline_ns), 0, 0, 0, 0, 0);
    page[(SCRIPT_BUFFER - USER_WORLD_DATA) / 8] = clock_now_ns() + 60000000000UL;
    script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, MESSAGE_TAG_DEADLINE, 0);
    script_add_message(&fast.server, SYSCALL_ipc_reply, 0, 0, 80);
    script_start_and_wait(&fast.server);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 8);
    script_start(&fast.client);
    script_join(&fast.client);
    script_join(&fast.server);
    test_equal(message_fast_left_since(MESSAGE_LEFT_SLOW_WAIT), 1);
    test_equal(script_result(&fast.client, 0), OK);
    script_expect_words(&fast.client.calls[0], 80);
    script_expect_words(&fast.server.calls[1], 8);
    message_fast_end();
}

TEST(MSF0004, "the fast path is left for another endpoint, and while calls wait for the server",
     ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
    script_add_message(&fast.server, SYSCALL_ipc_reply_receive, fast.receiver, 0, 100);
    script_add_message(&fast.server, SYSCALL_ipc_reply_receive, fast.second_receiver, 0, 200);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 1);
    script_add_message(&fast.third, SYSCALL_ipc_call, fast.sender, 0, 2);
    script_start_and_wait(&fast.client);
    script_start_and_wait(&fast.third);
    script_start(&fast.server);
    script_join(&fast.client);
    script_join(&fast.third);
    test_wait_blocked(fast.server.running);
    test_equal(message_fast_left_since(MESSAGE_LEFT_CALLERS), 1);
    test_equal(message_fast_left_since(MESSAGE_LEFT_ENDPOINT), 1);
    script_expect_words(&fast.client.calls[0], 100);
    script_expect_words(&fast.third.calls[0], 200);
    test_check(priority_queue_empty(&fast.endpoint->receivers) &&
               !priority_queue_empty(&fast.second->receivers));
    script_kill_and_join(&fast.server);
    test_check(priority_queue_empty(&fast.second->receivers));
    message_fast_end();
}

TEST(MSF0005, "an answer to a call that was given up does not take the fast path to the next call",
     ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
    script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
    script_add(&fast.server, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0,
               0);
    script_add_message(&fast.server, SYSCALL_ipc_reply_receive, fast.receiver, 0, 300);
    script_start_and_wait(&fast.server);
    script_add(&fast.client, SYSCALL_message_buffer_set,
               SCRIPT_BUFFER - offsetof(struct message_buffer, deadline_ns), 0, 0, 0, 0, 0);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, MESSAGE_TAG_DEADLINE, 0);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.second_sender, 0, 3);
    volatile uint64_t *data = user_world_data(&script_world);
    data[(SCRIPT_BUFFER - USER_WORLD_DATA) / 8] = clock_now_ns() + 20000000;
    script_start(&fast.client);
    test_eventually(!priority_queue_empty(&fast.second->callers),
                    "the client has not called again");
    test_wait_blocked(fast.client.running);
    script_add(&fast.third, SYSCALL_notification_signal, (uint64_t)notification, 1, 0, 0, 0, 0);
    script_start(&fast.third);
    script_join(&fast.third);
    test_eventually(!priority_queue_empty(&fast.endpoint->receivers),
                    "the server does not receive again");
    test_equal(message_fast_left_since(MESSAGE_LEFT_CALLER_GONE), 1);
    test_check(!priority_queue_empty(&fast.second->callers)); /* the second call still waits */
    script_kill_and_join(&fast.client);
    script_kill_and_join(&fast.server);
    test_check(priority_queue_empty(&fast.second->callers));
    message_fast_end();
}

TEST(MSF0006, "the fast path is left for a server on another CPU, or one that is to move there",
     TWO_CPUS)
{
    if (!message_fast_begin()) {
        return;
    }
    fast.server.affinity = test_cpu_bit(1);
    message_fast_server_start(4, 0);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 5);
    script_start(&fast.client);
    script_join(&fast.client);
    test_check(message_fast_left_since(MESSAGE_LEFT_ELSEWHERE) >= 1);
    script_expect_words(&fast.client.calls[0], 100);

    script_clear(&fast.client, 0);
    fast.client.affinity = test_cpu_bit(1);
    test_wait_blocked(fast.server.running);
    test_equal(thread_affinity_set(fast.server.running, test_cpu_bit(0)), OK);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 6);
    script_start(&fast.client);
    script_join(&fast.client);
    test_equal(message_fast_left_since(MESSAGE_LEFT_PENDING), 1);
    script_expect_words(&fast.client.calls[0], 200);
    script_kill_and_join(&fast.server);
    message_fast_end();
}

TEST(MSF0007, "the fast path is left for a thread that is to end, whose call is an error", ALWAYS)
{
    if (!message_fast_begin()) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT + 1);
    message_fast_server_start(1, 0);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 5);
    script_start(&fast.client);
    if (fast.client.running != NULL) { /* it has not run yet */
        fast.client.running->kill_wanted = true;
    }
    test_thread_unbind();
    script_join(&fast.client);
    test_equal(message_fast_left_since(MESSAGE_LEFT_KILLED), 1);
    test_equal(script_result(&fast.client, 0), ERROR_KILLED);
    script_kill_and_join(&fast.server);
    message_fast_end();
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
    if (!message_fast_begin()) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT + 9);
    int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
    script_add(&fast.third, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0,
               0);
    script_start_and_wait(&fast.third);
    script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
    script_add(&fast.server, SYSCALL_notification_signal, (uint64_t)notification, 1, 0, 0, 0, 0);
    script_add_message(&fast.server, SYSCALL_ipc_reply_receive, fast.receiver, 0, 100);
    script_start_and_wait(&fast.server);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 1);
    script_start(&fast.client);
    priority_set(&fast.server, THREAD_PRIORITY_DEFAULT + 8);
    priority_set(&fast.third, THREAD_PRIORITY_DEFAULT + 4);
    test_thread_unbind();
    script_join(&fast.client);
    script_join(&fast.third);
    test_check(message_fast_left_since(MESSAGE_LEFT_PRIORITY) >= 1);
    script_expect_words(&fast.client.calls[0], 100);
    script_kill_and_join(&fast.server);
    message_fast_end();
}

/* Fewer than two threads with one page each may miss, and enough for one of them. */
#define ROUNDS_FOR_ONE (STACK_PAGES - 1)
#define CALLS_MOST     20

static bool is_settled(void)
{
    return message_fast_left_since(MESSAGE_LEFT_GATE) != 0 || memory_waiters() != 0 ||
           __atomic_load_n(&fast.client.running->state, __ATOMIC_ACQUIRE) == THREAD_DEAD;
}

/*
 * One call while the magazine covers one of the two stacks. Another thread that runs on this CPU
 * meanwhile may take rounds, so the client may wait for memory before it calls.
 */
static void call_without_cover(void)
{
    cache_empty(); /* its stacks may have more than one page */
    message_fast_server_start(1, 0);
    script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, 0, 1);
    script_start(&fast.client);
    uint64_t flags = interrupts_save();
    fault_inject_arm(FAULT_INJECT_REFILL, 1, 0);
    magazine_leave(ROUNDS_FOR_ONE);
    interrupts_restore(flags);
    if (fast.client.running != NULL) {
        test_eventually(is_settled(), "the client neither calls nor waits for memory");
    }
    fault_inject_arm(FAULT_INJECT_REFILL, options.inject_every[FAULT_INJECT_REFILL], options.seed);
    script_join(&fast.client);
    script_expect_words(&fast.client.calls[0], 100);
    script_kill_and_join(&fast.server);
}

TEST(MSF0009,
     "the fast path is left if the magazine does not cover both stacks, and the call is made",
     MEMORY_WAITS)
{
    if (stack_mode_get() == STACK_MODE_LEND) {
        test_skip("stack=lend gives both stacks their pages");
        return;
    }
    if (handoff_wanted) {
        test_skip("with ipc=handoff both threads use one stack");
        return;
    }
    if (!message_fast_begin()) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT + 1);
    if (magazine_takers_begin()) {
        *(volatile char *)stack_floor(thread_current()->slot) = 1; /* this thread needs no cover */
        unsigned calls = 0;
        do {
            message_fast_scripts_clear();
            call_without_cover();
        } while (message_fast_left_since(MESSAGE_LEFT_GATE) == 0 && ++calls < CALLS_MOST);
        test_note("%u calls went another way", calls);
        test_check(calls < CALLS_MOST);
    }
    magazine_takers_end();
    test_thread_unbind();
    message_fast_end();
}
