/*
 * #DB and an NMI at each instruction of the direct path of waits for a notification
 * (kernel/syscall/notification_direct.asm), where it goes to another thread and where it leaves the
 * wait to C. Client and server have page tables of their own. Both sleep, and the test's thread
 * makes them ready on this CPU, so that it knows which thread a wait finds.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/notification.h"
#include "kernel/syscall/notification_fast.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "tests/support/eventually.h"
#include "tests/support/path_sweep.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

extern const char notification_direct_path_end[];

static struct script client, server;
static struct user_world client_world;
static struct notification *to_client, *to_server; /* of one passage */

static bool rests(const struct script *script)
{
    return script->running == NULL || script->thread.ended || thread_is_blocked(script->running);
}

/*
 * Lets the others run until neither goes on by itself. This thread stays ready, so a wait always
 * finds a thread that is.
 */
static void yield_until_blocked(void)
{
    uint64_t end_ns = test_eventually_end();
    while (!(rests(&client) && rests(&server)) && clock_now_ns() < end_ns) {
        thread_yield();
    }
}

/* The first three waits of a thread look the handle up, note it, and sleep in the path. */
static void into_third_wait(struct script *script, struct notification *notification)
{
    script_start(script);
    for (unsigned i = 0; i < 2; i++) {
        yield_until_blocked();
        notification_signal(notification, 1);
    }
    yield_until_blocked();
}

static void scripts_fill(uint32_t client_handle, uint32_t server_handle)
{
    script_clear(&client, 1);
    script_clear(&server, 2);
    client.affinity = server.affinity = test_cpu_bit(0);
    client.world = &client_world;
    for (unsigned i = 0; i < 8; i++) {
        if (i == 4) {
            script_add(&client, SYSCALL_notification_signal, client_handle, 1, 7, 7, 7, 7);
        }
        script_add(&client, SYSCALL_notification_wait, client_handle, UINT64_MAX, 7, 7, 7, 7);
        if (i < 4) {
            script_add(&server, SYSCALL_notification_wait, server_handle, UINT64_MAX, 9, 9, 9, 9);
        }
    }
}

/* The waits of both after the third, as the comments say, and the end of both. */
static void waits_make(struct handle_value *sender)
{
    /*
     * The client's fourth finds the server, with bits and alone at its priority, and a shootdown
     * waits for this CPU.
     */
    __atomic_or_fetch(&script_world.tables.waiting, 1, __ATOMIC_SEQ_CST);
    test_equal(thread_priority_set(thread_current(), THREAD_PRIORITY_DEFAULT - 1), OK);
    uint64_t flags = interrupts_save();
    notification_signal(to_client, 1);
    notification_signal(to_server, 1);
    interrupts_restore(flags);
    yield_until_blocked();
    test_equal(thread_priority_set(thread_current(), THREAD_PRIORITY_DEFAULT), OK);
    /* Its fifth finds its own bit, which it set itself; its sixth sleeps. */
    notification_signal(to_client, 1);
    yield_until_blocked();
    /* Its seventh finds the server, which was woken without a bit: nothing can signal any more. */
    notification_signal(to_client, 1);
    handle_value_release(sender);
    yield_until_blocked();
    notification_signal(to_client, 1);
    yield_until_blocked();
    notification_signal(to_client, 1);
}

static bool results_are_right(void)
{
    bool right = (client_world.tables.waiting | script_world.tables.waiting) == 0;
    for (unsigned i = 0; i < client.count; i++) {
        right &= (int64_t)client.calls[i].rax == OK && client.calls[i].r12 == 12;
        right &= i == 4 || client.calls[i].rdx == 1;
    }
    for (unsigned i = 0; i < server.count; i++) {
        right &= (int64_t)server.calls[i].rax == (i < 3 ? OK : ERROR_PEER_DIED) &&
                 server.calls[i].rdx == (i < 3) && server.calls[i].r13 == 13;
    }
    return right;
}

static bool passage_make(void)
{
    uint32_t client_handle, server_handle;
    struct handle_value sender = {.object = &to_server->object, .rights = RIGHT_SEND};
    object_handle_acquire(sender.object, sender.rights);
    if (handle_open(&script_handles, &to_server->object, RIGHT_RECEIVE, 0, &server_handle) != OK ||
        handle_open(&script_handles, &to_client->object, RIGHT_RECEIVE | RIGHT_SEND, 0,
                    &client_handle) != OK) {
        handle_value_release(&sender);
        return false;
    }
    scripts_fill(client_handle, server_handle);
    path_sweep_arm();
    into_third_wait(&server, to_server);
    into_third_wait(&client, to_client);
    waits_make(&sender);
    script_join(&client);
    script_join(&server);
    path_sweep_disarm();
    bool closed = handle_close(&script_handles, client_handle) == OK &&
                  handle_close(&script_handles, server_handle) == OK;
    return closed && results_are_right();
}

static bool passage_take(void)
{
    to_client = to_server = NULL;
    bool right = notification_create(&to_client) == OK && notification_create(&to_server) == OK &&
                 passage_make();
    if (to_client != NULL) {
        object_release(&to_client->object);
    }
    if (to_server != NULL) {
        object_release(&to_server->object);
    }
    return right;
}

TEST(NTF0027, "a debug trap and an NMI at each instruction of the direct path change no wait", IDT)
{
    static const struct path_sweep sweep = {
        .name = "the direct path of notifications",
        .begin = (const char *)notification_direct_wait,
        .end = notification_direct_path_end,
        .starts = {(const char *)notification_direct_wait, (const char *)notification_direct_woken},
        .least = 151,
        .take = passage_take,
    };
    if (stack_mode_get() == STACK_MODE_LEND || trace_wanted) {
        test_skip("with stack=lend or a trace no wait takes the direct path");
        return;
    }
    if (!script_begin(10)) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    if (user_world_create(&client_world)) {
        client_world.handles = &script_handles;
        path_sweep_run(&sweep);
        user_world_destroy(&client_world);
    }
    test_thread_unbind();
    script_end();
}
