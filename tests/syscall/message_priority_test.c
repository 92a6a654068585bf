/* Priorities along calls from user mode: what a server inherits, until when, and what it is for. */
#include "kernel/ipc/endpoint.h"
#include "kernel/ipc/ipc.h"
#include "kernel/ipc/notification.h"
#include "lib/error.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

#define LOW    5
#define MIDDLE 7
#define HIGH   9

extern const char user_code_spin[];

static struct script client, server, next;
static struct endpoint *endpoint, *second;
static uint32_t sender, receiver, second_sender, second_receiver;

static bool begin(void)
{
    if (!script_begin(20)) {
        return false;
    }
    struct handle_table *table = &script_handles;
    test_equal(endpoint_create(&endpoint), OK);
    test_equal(endpoint_create(&second), OK);
    test_equal(handle_open(table, &endpoint->object, RIGHT_SEND, 1, &sender), OK);
    test_equal(handle_open(table, &endpoint->object, RIGHT_RECEIVE, 0, &receiver), OK);
    test_equal(handle_open(table, &second->object, RIGHT_SEND, 2, &second_sender), OK);
    test_equal(handle_open(table, &second->object, RIGHT_RECEIVE, 0, &second_receiver), OK);
    script_clear(&client, 0);
    script_clear(&server, 1);
    script_clear(&next, 2);
    client.affinity = server.affinity = next.affinity = test_cpu_bit(0);
    return true;
}

static void finish(void)
{
    object_release(&endpoint->object);
    object_release(&second->object);
    script_end();
}

/* Starts a script with a priority. The test's thread has a higher one, on the same CPU. */
static void start(struct script *script, unsigned priority)
{
    script_start(script);
    if (script->running != NULL) {
        test_equal(thread_priority_set(script->running, priority), OK);
    }
}

/* Sets a bit of a notification, as one more thread of the task. */
static void notification_give(int64_t handle)
{
    struct object *object;
    int error = handle_find(&script_handles, (uint64_t)handle, OBJECT_NOTIFICATION, RIGHT_SEND,
                            &object, NULL);
    test_equal(error, OK);
    if (error == OK) {
        notification_signal(notification_of(object), 1);
        object_release(object);
    }
}

static unsigned priority_of(const struct script *script)
{
    return script->running != NULL ? script->running->priority : 0;
}

TEST(PRI0010, "a server and the server that it calls have the caller's priority until they answer",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT + 1);
    int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_call, second_sender, 0, 10);
    script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 20);
    script_add(&server, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0, 0);
    script_add_message(&next, SYSCALL_ipc_receive, second_receiver, 0, 0);
    script_add(&next, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0, 0);
    script_add_message(&next, SYSCALL_ipc_reply, 0, 0, 30);
    script_add(&next, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0, 0);
    start(&server, LOW);
    start(&next, LOW);
    test_wait_blocked(server.running);
    test_wait_blocked(next.running);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    start(&client, HIGH);
    test_wait_blocked(client.running);
    test_wait_blocked(server.running);
    test_wait_blocked(next.running);
    test_equal(priority_of(&server), HIGH);
    test_equal(priority_of(&next), HIGH);
    notification_give(notification);
    script_join(&client);
    test_wait_blocked(server.running);
    test_wait_blocked(next.running);
    test_equal(priority_of(&server), LOW);
    test_equal(priority_of(&next), LOW);
    notification_give(notification); /* one of the two takes it */
    test_eventually(server.thread.ended || next.thread.ended, "neither server has ended");
    notification_give(notification);
    script_join(&server);
    script_join(&next);
    script_expect_words(&client.calls[0], 20);
    script_expect_words(&server.calls[1], 30);
    test_thread_unbind();
    finish();
}

TEST(PRI0011, "a call is answered while a thread between caller and server in priority never rests",
     ALWAYS)
{
    static struct user_world_thread spinner;
    if (!begin()) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT + 1);
    volatile uint64_t *page = user_world_data(&script_world);
    const uint64_t word = SCRIPT_BUFFER - USER_WORLD_DATA;
    page[word / 8] = page[word / 8 + 1] = 0;
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_thread_yield, 0, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, 0, 40);
    script_add(&server, SYSCALL_thread_yield, 0, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 50);
    start(&server, LOW);
    test_wait_blocked(server.running);
    struct thread *spins =
        user_world_start(&spinner, &script_world, user_code_spin, SCRIPT_BUFFER, test_cpu_bit(0));
    if (spins != NULL) {
        test_equal(thread_priority_set(spins, MIDDLE), OK);
    }
    test_eventually(page[word / 8] != 0, "no thread spins");
    script_add_message(&next, SYSCALL_ipc_call, sender, 0, 2); /* it calls first or waits in line */
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    start(&next, HIGH);
    start(&client, HIGH);
    test_eventually(client.thread.ended && next.thread.ended, "no answer while a thread spins");
    page[word / 8 + 1] = 1;
    script_join(&client);
    script_join(&next);
    test_equal(test_thread_join(spins), 0);
    script_join(&server);
    test_equal((int64_t)client.calls[0].rax, OK);
    test_equal((int64_t)next.calls[0].rax, OK);
    test_thread_unbind();
    finish();
}
