/* See ipc_fixture.h. */
#include "tests/ipc/ipc_fixture.h"

#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "tests/test.h"

/* Different in each word, and in each bit for some value. */
static uint64_t word_of(uint64_t value, unsigned index)
{
    return (value * 7 + index + 1) * 0x9e3779b97f4a7c15UL;
}

void ipc_test_fill(struct message *message, uint64_t value)
{
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        message->words[i] = word_of(value, i);
    }
    message->tag = message_tag(value & 0xffff, 0, 0);
    message->badge = ~word_of(value, MESSAGE_WORDS);
}

void ipc_test_expect(const struct message *message, uint64_t value)
{
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        test_equal(message->words[i], word_of(value, i));
    }
    test_equal(message_tag_label(message->tag), value & 0xffff);
}

uint64_t ipc_test_after_ms(unsigned ms)
{
    return clock_now_ns() + ms * 1000000UL;
}

static void begin(struct ipc_thread *thread, struct endpoint *endpoint, uint64_t deadline_ns,
                  void (*entry)(void *))
{
    ipc_state_init(&thread->state, NULL);
    thread->endpoint = endpoint;
    thread->deadline_ns = deadline_ns;
    thread->result = 1;
    thread->thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, entry, thread);
}

static void call_once(void *argument)
{
    struct ipc_thread *caller = argument;
    ipc_test_fill(&caller->state.message, caller->value);
    caller->result = ipc_call(&caller->state, caller->endpoint, caller->deadline_ns);
    if (caller->result == OK) {
        ipc_test_expect(&caller->state.message, caller->value + 1);
        test_equal(caller->state.message.badge, 0);
    }
    ipc_state_end(&caller->state);
}

void ipc_test_call(struct ipc_thread *caller, struct endpoint *endpoint, uint64_t value,
                   uint64_t deadline_ns)
{
    caller->value = value;
    begin(caller, endpoint, deadline_ns, call_once);
}

static void serve_once(void *argument)
{
    struct ipc_thread *server = argument;
    server->result = ipc_receive(&server->state, server->endpoint, server->deadline_ns);
    if (server->result == OK) {
        server->value = server->state.message.badge;
        uint64_t label = message_tag_label(server->state.message.tag);
        ipc_test_expect(&server->state.message, label);
        ipc_test_fill(&server->state.message, label + 1);
        test_equal(ipc_reply(&server->state), OK);
    }
    ipc_state_end(&server->state);
}

void ipc_test_serve(struct ipc_thread *server, struct endpoint *endpoint, uint64_t deadline_ns)
{
    begin(server, endpoint, deadline_ns, serve_once);
}

int ipc_test_join(struct ipc_thread *thread)
{
    test_equal(test_thread_join(thread->thread), 0);
    return thread->result;
}
