/* See message_fast_fixture.h. */
#include "tests/syscall/message_fast_fixture.h"

#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "sched/stack/swapper_test_hooks.h"
#include "tests/support/threads.h"
#include "tests/test.h"

struct message_fast_fixture fast;

void message_fast_scripts_clear(void)
{
    script_clear(&fast.client, 0);
    script_clear(&fast.server, 1);
    script_clear(&fast.third, 2);
    fast.client.affinity = fast.server.affinity = fast.third.affinity = test_cpu_bit(0);
}

bool message_fast_begin(void)
{
    if (!script_begin(20)) {
        return false;
    }
    test_equal(endpoint_create(&fast.endpoint), OK);
    test_equal(endpoint_create(&fast.second), OK);
    struct handle_table *table = &script_handles;
    test_equal(handle_open(table, &fast.endpoint->object, RIGHT_SEND, 0xbad9e, &fast.sender), OK);
    test_equal(handle_open(table, &fast.endpoint->object, RIGHT_RECEIVE, 0, &fast.receiver), OK);
    test_equal(handle_open(table, &fast.second->object, RIGHT_SEND, 2, &fast.second_sender), OK);
    test_equal(handle_open(table, &fast.second->object, RIGHT_RECEIVE, 0, &fast.second_receiver),
               OK);
    message_fast_scripts_clear();
    for (unsigned i = 0; i < MESSAGE_LEFT_REASONS; i++) {
        fast.left_before[i] = message_fast_left(i);
    }
    fast.by_frame_before = message_fast_by_frame();
    swapper_quiet_set(true); /* a thread whose stack it has chosen is another reason to leave */
    return true;
}

void message_fast_end(void)
{
    swapper_quiet_set(false);
    object_release(&fast.endpoint->object);
    object_release(&fast.second->object);
    script_end();
}

uint64_t message_fast_left_since(enum message_fast_reason reason)
{
    return message_fast_left(reason) - fast.left_before[reason];
}

int64_t script_result(const struct script *script, unsigned index)
{
    return (int64_t)script->calls[index].rax;
}

void script_start_and_wait(struct script *script)
{
    script_start(script);
    test_wait_blocked(script->running);
}

void script_kill_and_join(struct script *script)
{
    if (script->running != NULL) {
        script->thread.user.thread = script->running;
        user_thread_kill(&script->thread.user);
        test_equal(thread_join(script->running), ERROR_KILLED);
    }
    ipc_state_end(&script->thread.user.ipc);
}

void message_fast_server_start(unsigned count, uint64_t value)
{
    script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
    for (unsigned i = 1; i <= count; i++) {
        script_add_message(&fast.server, SYSCALL_ipc_reply_receive, fast.receiver,
                           message_tag(i, 0, 0), value + 100 * i);
    }
    script_start_and_wait(&fast.server);
}
