/*
 * #DB and an NMI at each instruction of the direct path of message calls, which goes from one
 * thread's stack to another's and to user mode (kernel/syscall/message_direct.asm), or with
 * ipc=handoff gives the stack to another thread (message_given.asm). Client and server have page
 * tables of their own.
 */
#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/notification.h"
#include "kernel/syscall/message_direct.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "tests/support/eventually.h"
#include "tests/support/path_sweep.h"
#include "tests/support/threads.h"
#include "tests/syscall/message_fast_fixture.h"
#include "tests/test.h"

/*
 * The client's calls, and what meets them. The server answers each by ipc_reply_receive, if nothing
 * else is said.
 */
enum {
    CALL_TO_TIMED,  /* the server waits with a deadline: the path is left, by the answer, too */
    CALL_PAUSED,    /* before its answer the server waits for `go_on` */
    CALL_DIRECT,    /* both go the whole path */
    CALL_TIMED,     /* with a deadline: C wakes the server */
    CALL_TO_REPLY,  /* answered by ipc_reply: C wakes the client */
    CALL_TO_NOBODY, /* by no handle */
    CALLS
};

extern const char message_direct_end[], message_given_path_end[];

static struct user_world client_world;
static struct notification *go_on;
static uint32_t go_on_handle;

/*
 * While both threads sleep: a shootdown of either address space waits for this CPU. It answers when
 * it loads their tables the next time. This thread stays ready, so that the path always looks
 * whether a thread that is ready is more urgent.
 */
static void pause_end(void)
{
    uint64_t end_ns = test_eventually_end();
    while (list_empty(&go_on->queue.waiters) && clock_now_ns() < end_ns) {
        thread_yield();
    }
    __atomic_or_fetch(&client_world.tables.waiting, 1, __ATOMIC_SEQ_CST);
    __atomic_or_fetch(&script_world.tables.waiting, 1, __ATOMIC_SEQ_CST);
    notification_signal(go_on, 1);
    while (!fast.client.thread.ended && clock_now_ns() < end_ns) {
        thread_yield();
    }
}

static uint64_t answer_value(unsigned call)
{
    return 1000 + 100 * call;
}

/* The first call of a script: gives its thread a message buffer with a deadline far away. */
static void far_deadline_add(struct script *script)
{
    user_world_data(script->world)[(SCRIPT_BUFFER - USER_WORLD_DATA) / 8] =
        clock_now_ns() + 3600 * 1000000000UL;
    script_add(script, SYSCALL_message_buffer_set,
               SCRIPT_BUFFER - offsetof(struct message_buffer, deadline_ns), 0, 0, 0, 0, 0);
}

static void server_fill(void)
{
    struct script *server = &fast.server;
    far_deadline_add(server);
    script_add_message(server, SYSCALL_ipc_receive, fast.receiver, MESSAGE_TAG_DEADLINE, 0);
    for (unsigned i = 0; i < CALL_TO_NOBODY; i++) {
        if (i == CALL_PAUSED) {
            script_add(server, SYSCALL_notification_wait, go_on_handle, UINT64_MAX, 0, 0, 0, 0);
        }
        bool ends = i == CALL_TO_REPLY;
        script_add_message(server, ends ? SYSCALL_ipc_reply : SYSCALL_ipc_reply_receive,
                           ends ? 0 : fast.receiver, message_tag(i + 1, 0, 0), answer_value(i));
    }
    script_add_message(server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
}

static void client_fill(void)
{
    struct script *client = &fast.client;
    client->world = &client_world;
    far_deadline_add(client);
    for (unsigned i = 0; i < CALLS; i++) {
        script_add_message(client, SYSCALL_ipc_call, i == CALL_TO_NOBODY ? 0 : fast.sender,
                           message_tag(i, 0, 0) | (i == CALL_TIMED ? MESSAGE_TAG_DEADLINE : 0), i);
    }
}

/* Makes the calls. Returns whether each was answered, and no shootdown waits any more. */
static bool calls_make(void)
{
    message_fast_scripts_clear();
    server_fill();
    client_fill();
    script_start_and_wait(&fast.server);
    path_sweep_arm();
    script_start(&fast.client);
    pause_end();
    script_join(&fast.client);
    path_sweep_disarm();
    bool right = (client_world.tables.waiting | script_world.tables.waiting) == 0;
    script_kill_and_join(&fast.server);
    for (unsigned i = 0; i < CALL_TO_NOBODY; i++) {
        const struct script_call *call = &fast.client.calls[1 + i];
        right &= (int64_t)call->rax == OK && call->rsi == message_tag(i + 1, 0, 0) &&
                 call->rdx == answer_value(i) && call->r13 == answer_value(i) + 5;
    }
    return right && script_result(&fast.client, 1 + CALL_TO_NOBODY) == ERROR_BAD_HANDLE;
}

static const struct path_sweep direct = {
    .name = "the direct path",
    .begin = (const char *)message_direct_call,
    .end = message_direct_end,
    .starts = {(const char *)message_direct_call, (const char *)message_direct_reply_receive,
               (const char *)message_direct_call_woken, (const char *)message_direct_receive_woken},
    .least = 297,
    .take = calls_make,
};

static const struct path_sweep given = {
    .name = "the direct path",
    .begin = (const char *)message_given_call,
    .end = message_given_path_end,
    .starts = {(const char *)message_given_call, (const char *)message_given_reply_receive},
    .least = 349,
    .take = calls_make,
};

static void sweep_run(void)
{
    if (!user_world_create(&client_world)) {
        return;
    }
    client_world.handles = &script_handles;
    test_equal(notification_create(&go_on), OK);
    if (go_on != NULL) {
        test_equal(handle_open(&script_handles, &go_on->object, RIGHT_RECEIVE | RIGHT_SEND, 0,
                               &go_on_handle),
                   OK);
        path_sweep_run(handoff_wanted ? &given : &direct);
        object_release(&go_on->object);
        go_on = NULL;
    }
    user_world_destroy(&client_world);
}

TEST(MSF0018, "a debug trap and an NMI at each instruction of the direct path change no message",
     IDT)
{
    if (stack_mode_get() == STACK_MODE_LEND && !handoff_wanted) {
        test_skip("with stack=lend no call takes the direct path");
        return;
    }
    if (!message_fast_begin()) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    sweep_run();
    test_thread_unbind();
    message_fast_end();
}
