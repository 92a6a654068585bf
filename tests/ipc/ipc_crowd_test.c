/* IPC between all CPUs under load, with every word checked, and an endpoint with many callers. */
#include "kernel/ipc/ipc.h"

#include "arch/x86_64/cpu/percpu.h"
#include "kernel/object/handle_table.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/kmalloc.h"
#include "tests/ipc/ipc_fixture.h"
#include "tests/test.h"

#define CALLS           400
#define CLIENTS_A_CPU   2
#define CROWD           10000
#define FRAMES_A_WAITER 4

static struct endpoint *endpoint;
static struct handle_table table;
static uint32_t served, answered;

/* Answers calls until nobody may call any more. */
static void serve(void *argument)
{
    struct ipc_state *state = argument;
    int error = ipc_receive(state, endpoint, WAIT_FOREVER);
    while (error == OK) {
        uint64_t label = message_tag_label(state->message.tag), badge = state->message.badge;
        ipc_test_expect(&state->message, label);
        struct message sent;
        ipc_test_fill(&sent, label);
        test_equal(badge, sent.badge);
        ipc_test_fill(&state->message, label + 1);
        test_count(&served);
        error = ipc_reply_receive(state, endpoint, WAIT_FOREVER);
    }
    test_equal(error, ERROR_PEER_DIED);
    ipc_state_end(state);
}

static void call(void *argument)
{
    struct ipc_state *state = argument;
    uint64_t end_ns = test_hammer_end();
    for (unsigned i = 0; i < CALLS && test_hammer_goes_on(end_ns); i++) {
        uint64_t value = (((uintptr_t)state >> 6) * 31 + i * 2) & 0x7fff;
        ipc_test_fill(&state->message, value);
        int error = ipc_call(state, endpoint, WAIT_FOREVER);
        if (error != OK) {
            test_equal(error, OK);
            break;
        }
        ipc_test_expect(&state->message, value + 1);
        test_equal(state->message.badge, 0);
        test_count(&answered);
    }
    ipc_state_end(state);
}

TEST(IPC0020, "clients and servers on all CPUs exchange messages, and every word is right", ALWAYS)
{
    static struct ipc_state states[CPU_MAX * (1 + CLIENTS_A_CPU)];
    static struct thread *threads[CPU_MAX * (1 + CLIENTS_A_CPU)];
    unsigned cpus = cpu_online_count(), count = cpus * (1 + CLIENTS_A_CPU);
    uint32_t sender, receiver;
    served = answered = 0;
    handle_table_init(&table, 10);
    test_equal(endpoint_create(&endpoint), OK);
    test_equal(handle_open(&table, &endpoint->object, RIGHT_SEND, 0, &sender), OK);
    test_equal(handle_open(&table, &endpoint->object, RIGHT_RECEIVE, 0, &receiver), OK);
    for (unsigned i = 0; i < count; i++) {
        ipc_state_init(&states[i], NULL);
        threads[i] = test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(i),
                                       i < cpus ? serve : call, &states[i]);
    }
    for (unsigned i = cpus; i < count; i++) {
        test_equal(test_thread_join(threads[i]), 0);
    }
    test_equal(handle_close(&table, sender), OK); /* this ends the servers */
    for (unsigned i = 0; i < cpus; i++) {
        test_equal(test_thread_join(threads[i]), 0);
    }
    test_check(answered > 0);
    test_equal(served, answered);
    test_equal(handle_close(&table, receiver), OK);
    handle_table_destroy(&table);
    object_release(&endpoint->object);
}

static uint32_t died, waiting;

static void call_in_vain(void *argument)
{
    struct ipc_state *state = argument;
    test_count(&waiting);
    if (ipc_call(state, endpoint, WAIT_FOREVER) == ERROR_PEER_DIED) {
        test_count(&died);
    }
    ipc_state_end(state);
}

TEST(IPC0021, "closing the last handle that may receive ends the waits of up to 10,000 callers",
     ALWAYS)
{
    size_t most = frame_free_count() / FRAMES_A_WAITER;
    unsigned count = most < CROWD ? (unsigned)most : CROWD;
    uint32_t receiver;
    void *memory = NULL, *joined = NULL;
    died = waiting = 0;
    test_equal(kmalloc(count * sizeof(struct ipc_state), &memory), OK);
    test_equal(kmalloc(count * sizeof(struct thread *), &joined), OK);
    if (memory == NULL || joined == NULL) {
        return;
    }
    struct ipc_state *states = memory;
    struct thread **threads = joined;
    handle_table_init(&table, 10);
    test_equal(endpoint_create(&endpoint), OK);
    test_equal(handle_open(&table, &endpoint->object, RIGHT_RECEIVE, 0, &receiver), OK);
    for (unsigned i = 0; i < count; i++) {
        ipc_state_init(&states[i], NULL);
        threads[i] = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, call_in_vain, &states[i]);
        if (threads[i] == NULL) {
            count = i;
        }
    }
    test_wait_until(&waiting, count, "threads that call");
    test_wait_blocked(threads[count - 1]);
    test_equal(handle_close(&table, receiver), OK);
    for (unsigned i = 0; i < count; i++) {
        test_equal(test_thread_join(threads[i]), 0);
    }
    test_equal(died, count);
    test_check(priority_queue_empty(&endpoint->callers));
    handle_table_destroy(&table);
    object_release(&endpoint->object);
    kfree(states);
    kfree(threads);
}
