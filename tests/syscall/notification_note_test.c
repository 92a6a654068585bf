/*
 * Threads that use one handle of a notification again and again: from the second use on they have
 * noted it, and from the third on it is not looked up (kernel/object/handle_note.h).
 */
#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/notification.h"
#include "lib/error.h"
#include "tests/bench/bench_side.h"
#include "tests/support/eventually.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

#define USES   3
#define ROUNDS 6

extern const char user_code_notify_client[], user_code_notify_server[];

static struct script script;

static uint32_t notification_open(void)
{
    return (uint32_t)script_call(SYSCALL_notification_create, 0, 0, 0);
}

static void add(uint64_t number, uint64_t handle, uint64_t argument)
{
    script_add(&script, number, handle, argument, 7, 7, 7, 7);
}

/* Runs the calls, and checks the last result; all others are 0. */
static void run(int64_t last)
{
    script_start(&script);
    script_join(&script);
    for (unsigned i = 0; i + 1 < script.count; i++) {
        test_equal((int64_t)script.calls[i].rax, OK);
    }
    test_equal((int64_t)script.calls[script.count - 1].rax, last);
}

/* Uses a handle, closes it, and uses it once more. */
static void close_between(uint64_t number, uint64_t argument)
{
    uint32_t handle = notification_open();
    script_clear(&script, 1);
    for (unsigned i = 0; i < USES; i++) {
        add(SYSCALL_notification_signal, handle, 1);
        add(number, handle, argument);
    }
    add(SYSCALL_handle_close, handle, 0);
    add(number, handle, argument);
    run(ERROR_CLOSED_HANDLE);
}

TEST(SYS0123, "a handle that a thread has used again and again is refused once it was closed",
     ALWAYS)
{
    if (script_begin(10)) {
        close_between(SYSCALL_notification_signal, 2);
        close_between(SYSCALL_notification_wait, UINT64_MAX);
        script_end();
    }
}

/* Returns the references to the notification that a handle names. */
static uint32_t references(uint32_t handle)
{
    struct object *object;
    if (handle_find(&script_handles, handle, OBJECT_NOTIFICATION, RIGHT_SEND, &object, NULL) !=
        OK) {
        return 0;
    }
    uint32_t count = object->references - 1;
    object_release(object);
    return count;
}

TEST(SYS0124, "a thread uses one handle again and again, then another; each gets its own signals",
     ALWAYS)
{
    if (!script_begin(10)) {
        return;
    }
    uint32_t one = notification_open(), other = notification_open();
    script_clear(&script, 1);
    for (unsigned i = 0; i < USES; i++) {
        add(SYSCALL_notification_signal, one, 1UL << i);
    }
    for (unsigned i = 0; i < USES; i++) {
        add(SYSCALL_notification_signal, other, 16UL << i);
    }
    add(SYSCALL_notification_wait, one, UINT64_MAX);
    add(SYSCALL_notification_signal, one, 8);
    add(SYSCALL_notification_wait, one, UINT64_MAX);
    add(SYSCALL_notification_wait, other, UINT64_MAX);
    add(SYSCALL_notification_wait, other, 0);
    run(ERROR_AGAIN);
    test_equal(script.calls[2UL * USES].rdx, 7);
    test_equal(script.calls[2UL * USES + 2].rdx, 8);
    test_equal(script.calls[2UL * USES + 3].rdx, 7 * 16);
    /* The thread has released what it noted. */
    test_equal(references(one), 1);
    test_equal(references(other), 1);
    script_end();
}

TEST(SYS0125, "two threads on one CPU signal and wait in turn; each gets its bits and registers",
     ALWAYS)
{
    static struct script server;
    if (!script_begin(10)) {
        return;
    }
    uint32_t there = notification_open(), back = notification_open();
    script_clear(&server, 2);
    script_clear(&script, 1);
    server.affinity = script.affinity = test_cpu_bit(0);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        script_add(&server, SYSCALL_notification_wait, there, UINT64_MAX, 9, 9, 9, 9);
        script_add(&server, SYSCALL_notification_signal, back, 5UL << 4 * i, 9, 9, 9, 9);
        add(SYSCALL_notification_signal, there, 3UL << 4 * i);
        add(SYSCALL_notification_wait, back, UINT64_MAX);
    }
    script_start(&server);
    test_check(test_wait_blocked(server.running));
    run(OK);
    script_join(&server);
    for (unsigned i = 0; i < ROUNDS; i++) {
        const struct script_call *pair[] = {&server.calls[2UL * i], &script.calls[2UL * i + 1]};
        test_equal(pair[0]->rdx, 3UL << 4 * i);
        test_equal(pair[1]->rdx, 5UL << 4 * i);
        for (unsigned side = 0; side < array_length(pair); side++) {
            const struct script_call *wait = pair[side];
            test_equal((int64_t)wait->rax, OK);
            test_equal(wait->rdi | wait->rsi | wait->r8 | wait->r9 | wait->r10, 0);
            test_equal(wait->r12, 12);
            test_equal(wait->r13, 13);
        }
    }
    script_end();
}

/*
 * Waits until a script's thread sleeps. The calling thread stays ready meanwhile, so the other one
 * finds a thread to go over to, and sleeps in the direct path once it has noted its handle.
 */
static void yield_until_blocked(const struct script *waiter)
{
    uint64_t end_ns = test_eventually_end();
    while (!thread_is_blocked(waiter->running) && clock_now_ns() < end_ns) {
        thread_yield();
    }
    test_check(thread_is_blocked(waiter->running));
}

/* Signals a notification twice; each time the thread waits for it before and afterwards. */
static void signal_twice(const struct script *waiter, struct notification *notification)
{
    for (unsigned i = 0; i < 2; i++) {
        yield_until_blocked(waiter);
        notification_signal(notification, 1);
    }
    yield_until_blocked(waiter);
}

/* Returns the notification that a handle names, with a reference. */
static struct notification *notification_find(uint32_t handle)
{
    struct object *object = NULL;
    test_equal(handle_find(&script_handles, handle, OBJECT_NOTIFICATION, 0, &object, NULL), OK);
    return object != NULL ? notification_of(object) : NULL;
}

/* The client's signal to the server makes a thread ready that its wait could switch to. */
TEST(SYS0126,
     "noted handles that were closed are refused even if 2^32 handles are closed meanwhile", ALWAYS)
{
    static struct script server;
    if (!script_begin(10)) {
        return;
    }
    uint32_t there = notification_open(), back = notification_open(), other = notification_open();
    uint32_t answer = 0;
    /* It may receive, too, so that the notification serves when `back` is closed. */
    test_equal(handle_duplicate(&script_handles, back, RIGHT_SEND | RIGHT_RECEIVE, &answer), OK);
    struct notification *to_server = notification_find(there), *to_client = notification_find(back);
    script_clear(&server, 2);
    script_clear(&script, 1);
    server.affinity = script.affinity = test_cpu_bit(0);
    for (unsigned i = 0; i < USES; i++) {
        script_add(&server, SYSCALL_notification_wait, there, UINT64_MAX, 9, 9, 9, 9);
        add(SYSCALL_notification_wait, back, UINT64_MAX);
    }
    script_add(&server, SYSCALL_notification_signal, answer, 1, 9, 9, 9, 9);
    add(SYSCALL_notification_signal, other, 1);
    add(SYSCALL_notification_signal, other, 1);
    unsigned sleeping = script.count;
    add(SYSCALL_notification_wait, back, UINT64_MAX);
    add(SYSCALL_notification_signal, other, 1);
    add(SYSCALL_notification_signal, there, 1);
    add(SYSCALL_notification_wait, back, UINT64_MAX);
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    script_start(&server);
    script_start(&script);
    if (to_server != NULL && to_client != NULL && server.running != NULL &&
        script.running != NULL) {
        signal_twice(&server, to_server);
        signal_twice(&script, to_client);
        notification_signal(to_client, 1);
        yield_until_blocked(&script);
        uint64_t before = script_handles.closes;
        test_equal(handle_close(&script_handles, other), OK);
        test_equal(handle_close(&script_handles, back), OK);
        script_closes_pass(before);
        notification_signal(to_client, 1);
    }
    script_join(&script);
    script_join(&server);
    test_thread_unbind();
    test_equal((int64_t)script.calls[sleeping].rax, OK);
    test_equal((int64_t)script.calls[sleeping + 1].rax, ERROR_CLOSED_HANDLE);
    test_equal((int64_t)script.calls[sleeping + 2].rax, OK);
    test_equal((int64_t)script.calls[sleeping + 3].rax, ERROR_CLOSED_HANDLE);
    if (to_server != NULL) {
        object_release(&to_server->object);
    }
    if (to_client != NULL) {
        object_release(&to_client->object);
    }
    script_end();
}

/* Gives a side handles to the notification that it signals, and to the one that it waits for. */
static bool side_start(struct bench_side *side, enum bench_role role, const char *code,
                       struct notification *signals, struct notification *waits)
{
    if (!bench_side_create(side, role)) {
        return false;
    }
    volatile uint64_t *handles = &task_fixture_data(side->task)[BENCH_HANDLE_AT];
    handles[0] = bench_side_handle(side, &signals->object, RIGHT_SEND, 0);
    handles[1] = bench_side_handle(side, &waits->object, RIGHT_RECEIVE, 0);
    return bench_side_start(side, code, 0, test_cpu_bit(0));
}

TEST(NTF0026, "two tasks signal and wait in turn, and keep no notification that they have used",
     ALWAYS)
{
    static uint64_t samples[BENCH_CALLS];
    struct bench_side server = {NULL, NULL}, client = {NULL, NULL};
    struct notification *there = NULL, *back = NULL;
    test_equal(notification_create(&there), OK);
    if (there == NULL) {
        return;
    }
    test_equal(notification_create(&back), OK);
    if (back != NULL) {
        if (side_start(&server, BENCH_SERVER, user_code_notify_server, back, there) &&
            side_start(&client, BENCH_CLIENT, user_code_notify_client, there, back)) {
            test_check(bench_side_samples(&client, samples) != 0);
        }
        bench_side_end(&client);
        bench_side_end(&server);
        test_equal(back->object.references, 1);
        object_release(&back->object);
    }
    test_equal(there->object.references, 1);
    object_release(&there->object);
}
