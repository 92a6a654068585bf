/* IPC between kernel threads: words, order, deadlines, loads, and the right to answer. */
#include "kernel/ipc/ipc.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/reply.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/ipc/ipc_fixture.h"
#include "tests/test.h"

#define QUEUE 6

static struct ipc_thread callers[QUEUE], server;
static struct ipc_state self; /* of the test's own thread */

static struct endpoint *endpoint_new(void)
{
    struct endpoint *endpoint = NULL;
    test_equal(endpoint_create(&endpoint), OK);
    ipc_state_init(&self, NULL);
    return endpoint;
}

static void endpoint_end(struct endpoint *endpoint)
{
    ipc_state_end(&self);
    test_check(priority_queue_empty(&endpoint->callers));
    test_check(priority_queue_empty(&endpoint->receivers));
    object_release(&endpoint->object);
}

TEST(IPC0001,
     "a call takes all six words, tag and badge to a waiting receiver, and the answer back", ALWAYS)
{
    struct endpoint *endpoint = endpoint_new();
    ipc_test_serve(&server, endpoint, WAIT_FOREVER);
    test_wait_blocked(server.thread);
    ipc_test_fill(&self.message, 100);
    uint64_t badge = self.message.badge;
    test_equal(ipc_call(&self, endpoint, WAIT_FOREVER), OK);
    ipc_test_expect(&self.message, 101);
    test_equal(self.message.badge, 0);
    test_equal(ipc_test_join(&server), OK);
    test_equal(server.value, badge);
    endpoint_end(endpoint);
}

TEST(IPC0002, "a call that comes before its receiver waits for it, and is received as it was sent",
     ALWAYS)
{
    struct endpoint *endpoint = endpoint_new();
    ipc_test_call(&callers[0], endpoint, 200, WAIT_FOREVER);
    test_wait_blocked(callers[0].thread);
    test_equal(ipc_receive(&self, endpoint, IPC_POLL), OK);
    ipc_test_expect(&self.message, 200);
    struct message sent;
    ipc_test_fill(&sent, 200);
    test_equal(self.message.badge, sent.badge);
    ipc_test_fill(&self.message, 201);
    test_equal(ipc_reply(&self), OK);
    test_equal(ipc_test_join(&callers[0]), OK);
    endpoint_end(endpoint);
}

TEST(IPC0003, "callers are received in the order of their calls", ALWAYS)
{
    struct endpoint *endpoint = endpoint_new();
    for (unsigned i = 0; i < QUEUE; i++) {
        ipc_test_call(&callers[i], endpoint, 300 + 10 * i, WAIT_FOREVER);
        test_wait_blocked(callers[i].thread);
    }
    for (unsigned i = 0; i < QUEUE; i++) {
        test_equal(i == 0 ? ipc_receive(&self, endpoint, IPC_POLL)
                          : ipc_reply_receive(&self, endpoint, IPC_POLL),
                   OK);
        ipc_test_expect(&self.message, 300 + 10 * i);
        ipc_test_fill(&self.message, 301 + 10 * i);
    }
    test_equal(ipc_reply_receive(&self, endpoint, IPC_POLL), ERROR_AGAIN);
    for (unsigned i = 0; i < QUEUE; i++) {
        test_equal(ipc_test_join(&callers[i]), OK);
    }
    endpoint_end(endpoint);
}

TEST(IPC0004, "polls do not wait, and deadlines end the waits of callers and of receivers", ALWAYS)
{
    struct endpoint *endpoint = endpoint_new();
    test_equal(ipc_call(&self, endpoint, IPC_POLL), ERROR_AGAIN);
    test_equal(ipc_receive(&self, endpoint, IPC_POLL), ERROR_AGAIN);
    uint64_t deadline_ns = ipc_test_after_ms(20);
    test_equal(ipc_call(&self, endpoint, deadline_ns), ERROR_TIMEOUT);
    test_check(clock_now_ns() >= deadline_ns);
    deadline_ns = ipc_test_after_ms(20);
    test_equal(ipc_receive(&self, endpoint, deadline_ns), ERROR_TIMEOUT);
    test_check(clock_now_ns() >= deadline_ns);
    test_equal(ipc_call(&self, endpoint, 1), ERROR_TIMEOUT); /* long past */
    test_equal(ipc_receive(&self, endpoint, 1), ERROR_TIMEOUT);

    ipc_test_serve(&server, endpoint, WAIT_FOREVER); /* a poll meets a receiver that waits */
    test_wait_blocked(server.thread);
    ipc_test_fill(&self.message, 400);
    test_equal(ipc_call(&self, endpoint, IPC_POLL), OK);
    ipc_test_expect(&self.message, 401);
    test_equal(ipc_test_join(&server), OK);
    endpoint_end(endpoint);
}

TEST(IPC0005, "a deadline ends the wait for an answer, and the late answer says so", ALWAYS)
{
    struct endpoint *endpoint = endpoint_new();
    ipc_test_call(&callers[0], endpoint, 500, ipc_test_after_ms(300)); /* it is received before */
    test_equal(ipc_receive(&self, endpoint, ipc_test_after_ms(30000)), OK);
    test_equal(ipc_test_join(&callers[0]), ERROR_TIMEOUT);
    test_equal(ipc_reply(&self), ERROR_PEER_DIED);
    test_equal(ipc_reply(&self), ERROR_NOT_FOUND);
    endpoint_end(endpoint);
}

TEST(IPC0006, "the right to answer is used once, and none is there without a call", ALWAYS)
{
    struct endpoint *endpoint = endpoint_new();
    test_equal(ipc_reply(&self), ERROR_NOT_FOUND);
    test_equal(ipc_reply_receive(&self, endpoint, WAIT_FOREVER), ERROR_NOT_FOUND);
    test_equal(ipc_reply_error(&self, ERROR_FAULT), ERROR_NOT_FOUND);
    test_equal(ipc_reply_fault(&self, 1), ERROR_NOT_FOUND);
    struct reply *reply;
    test_equal(reply_take(&self, &reply), ERROR_NOT_FOUND);
    for (unsigned way = 0; way < 3; way++) {
        ipc_test_call(&callers[0], endpoint, 600, WAIT_FOREVER);
        test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
        ipc_test_fill(&self.message, 601);
        test_equal(way == 0   ? ipc_reply(&self)
                   : way == 1 ? ipc_reply_error(&self, ERROR_FAULT)
                              : ipc_reply_fault(&self, 77),
                   OK);
        test_equal(ipc_test_join(&callers[0]), way == 0   ? OK
                                               : way == 1 ? ERROR_FAULT
                                                          : ERROR_KILLED);
        test_equal(callers[0].state.faulted, way == 2);
        test_equal(callers[0].state.fault_status, way == 2 ? 77 : 0);
        test_equal(ipc_reply(&self), ERROR_NOT_FOUND);
    }
    endpoint_end(endpoint);
}

TEST(IPC0007, "reply objects answer out of order, each its own caller, and each once", ALWAYS)
{
    struct endpoint *endpoint = endpoint_new();
    struct reply *replies[QUEUE];
    for (unsigned i = 0; i < QUEUE; i++) {
        ipc_test_call(&callers[i], endpoint, 700 + 10 * i, WAIT_FOREVER);
        test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
        ipc_test_expect(&self.message, 700 + 10 * i);
        test_equal(reply_take(&self, &replies[i]), OK);
        test_equal(ipc_reply(&self), ERROR_NOT_FOUND);
    }
    for (unsigned i = QUEUE; i-- > 0;) {
        struct message answer = {.load = NULL};
        ipc_test_fill(&answer, 701 + 10 * i);
        test_equal(reply_answer(replies[i], &answer), OK);
        test_equal(reply_answer(replies[i], &answer), ERROR_NOT_FOUND);
        test_equal(ipc_test_join(&callers[i]), OK);
        object_release(&replies[i]->object);
    }
    endpoint_end(endpoint);
}

static struct reply *late_reply;

/* Receives a call of a caller that gives up, and another of the same caller, which waits. */
static void call_twice(void *argument)
{
    struct ipc_thread *caller = argument;
    ipc_test_fill(&caller->state.message, 800);
    test_equal(ipc_call(&caller->state, caller->endpoint, ipc_test_after_ms(50)), ERROR_TIMEOUT);
    ipc_test_fill(&caller->state.message, 810);
    test_equal(ipc_call(&caller->state, caller->endpoint, WAIT_FOREVER), OK);
    ipc_test_expect(&caller->state.message, 811);
    ipc_state_end(&caller->state);
}

TEST(IPC0008, "the answer to a call that was given up does not answer the caller's next call",
     ALWAYS)
{
    struct endpoint *endpoint = endpoint_new();
    ipc_state_init(&callers[0].state, NULL);
    callers[0].endpoint = endpoint;
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, call_twice, &callers[0]);
    test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
    ipc_test_expect(&self.message, 800);
    test_equal(reply_take(&self, &late_reply), OK);
    test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
    ipc_test_expect(&self.message, 810);
    struct message late = {.load = NULL};
    ipc_test_fill(&late, 801);
    test_equal(reply_answer(late_reply, &late), ERROR_PEER_DIED);
    ipc_test_fill(&self.message, 811);
    test_equal(ipc_reply(&self), OK);
    test_equal(test_thread_join(thread), 0);
    object_release(&late_reply->object);
    endpoint_end(endpoint);
}

/* Gives a message `bytes` bytes made from a value, and a handle to an endpoint. */
static void load_add(struct message *message, unsigned bytes, uint8_t value, struct object *object)
{
    test_equal(ipc_load_create(bytes, &message->load), OK);
    for (unsigned i = 0; i < bytes; i++) {
        message->load->bytes[i] = (uint8_t)(value + i * 3 + i / 256);
    }
    message->load->handles[0] =
        (struct handle_value){.object = object, .badge = value, .rights = RIGHT_SEND};
    object_handle_acquire(object, RIGHT_SEND);
    message->load->handle_count = 1;
}

static void load_expect(const struct message *message, unsigned bytes, uint8_t value,
                        const struct object *object)
{
    const struct message_load *load = message->load;
    test_check(load != NULL && load->byte_count == bytes && load->handle_count == 1);
    if (load == NULL) {
        return;
    }
    unsigned wrong = 0;
    for (unsigned i = 0; i < bytes; i++) {
        wrong += load->bytes[i] != (uint8_t)(value + i * 3 + i / 256);
    }
    test_equal(wrong, 0);
    test_check(load->handles[0].object == object);
    test_equal(load->handles[0].badge, value);
    test_equal(load->handles[0].rights, RIGHT_SEND);
}

static struct endpoint *passed;
static const unsigned load_bytes[] = {1, 8, 100, 1000, MESSAGE_BYTES_MAX};

static void serve_loads(void *argument maybe_unused)
{
    struct ipc_state *state = &server.state;
    for (unsigned i = 0; i < array_length(load_bytes); i++) {
        test_equal(ipc_receive(state, server.endpoint, WAIT_FOREVER), OK);
        load_expect(&state->message, load_bytes[i], (uint8_t)i, &passed->object);
        ipc_load_free(&state->message);
        load_add(&state->message, load_bytes[i], (uint8_t)(i + 100), &passed->object);
        test_equal(ipc_reply(state), OK);
    }
    ipc_state_end(state);
}

TEST(IPC0009, "bytes and handles of a message reach the other side both ways, and none is lost",
     ALWAYS)
{
    struct endpoint *endpoint = endpoint_new();
    struct message_load *load;
    test_equal(endpoint_create(&passed), OK);
    test_equal(ipc_load_create(MESSAGE_BYTES_MAX + 1, &load), ERROR_TOO_LONG);
    ipc_state_init(&server.state, NULL);
    server.endpoint = endpoint;
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, serve_loads, NULL);
    for (unsigned i = 0; i < array_length(load_bytes); i++) {
        load_add(&self.message, load_bytes[i], (uint8_t)i, &passed->object);
        test_equal(object_handle_count(&passed->object), 1);
        test_equal(ipc_call(&self, endpoint, WAIT_FOREVER), OK);
        load_expect(&self.message, load_bytes[i], (uint8_t)(i + 100), &passed->object);
        test_equal(object_handle_count(&passed->object), 1);
        ipc_load_free(&self.message);
        test_equal(object_handle_count(&passed->object), 0);
    }
    test_equal(test_thread_join(thread), 0);
    load_add(&self.message, 10, 0, &passed->object); /* a call that fails keeps its load */
    test_equal(ipc_call(&self, endpoint, IPC_POLL), ERROR_AGAIN);
    test_check(self.message.load != NULL);
    test_equal(ipc_call(&self, endpoint, ipc_test_after_ms(5)), ERROR_TIMEOUT);
    load_expect(&self.message, 10, 0, &passed->object);
    endpoint_end(endpoint);
    test_equal(object_handle_count(&passed->object), 0);
    test_equal(passed->object.references, 1);
    object_release(&passed->object);
}
