/*
 * 100,000 threads of user programs in 1 GiB, asleep in IPC at once, with kernel stack and user
 * stack. The test is the server that they all call: it answers none before all have called.
 * Meanwhile the swapper takes their kernel stacks.
 */
#include "kernel/ipc/ipc.h"
#include "kernel/program/program.h"
#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/stack_modes/stack_swap.h"
#include "tests/support/endpoint_callers.h"
#include "tests/support/eventually.h"
#include "tests/test.h"

#define THREADS  100000
#define PROGRAMS 8
#define EACH     (THREADS / PROGRAMS)

static uint8_t called[THREADS / 8]; /* a bit for each thread */

/* Waits until all wait in the endpoint, as long as their number rises. */
static uint32_t callers_await(struct endpoint *endpoint)
{
    uint32_t now = endpoint_callers_count(endpoint), before = UINT32_MAX;
    while (now < THREADS && now != before) {
        before = now;
        test_eventually(endpoint_callers_count(endpoint) > before, "only %u threads call", before);
        now = endpoint_callers_count(endpoint);
    }
    return now;
}

/* Notes the call in state->message, and makes the answer of it. Returns whether it was right. */
static bool call_take(struct ipc_state *state)
{
    uint64_t *words = state->message.words, number = words[0];
    if (number >= THREADS || (called[number / 8] >> number % 8 & 1) != 0) {
        return false;
    }
    called[number / 8] |= (uint8_t)(1U << number % 8);
    bool right = true;
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        uint64_t expected = i == 0 ? number : (number * 64 + i) * 0x9e3779b97f4a7c15;
        right &= words[i] == expected;
        words[i] = ~words[i];
    }
    return right;
}

static void calls_answer(struct endpoint *endpoint, uint32_t count)
{
    static struct ipc_state state;
    uint32_t wrong = 0;
    ipc_state_init(&state, NULL);
    for (uint32_t i = 0; i < count; i++) {
        int error = ipc_receive(&state, endpoint, IPC_POLL);
        wrong += error != OK || !call_take(&state);
        wrong += error == OK && ipc_reply(&state) != OK;
    }
    ipc_state_end(&state);
    test_equal(wrong, 0);
}

static struct task *crowd_start(struct endpoint *endpoint, unsigned index)
{
    char words[64];
    const char *reason;
    struct task *task;
    format_string(words, sizeof(words), "crowd %u %u", index * EACH, EACH);
    const struct program_options options = {
        .words = words, .parent = {.object = &endpoint->object, .rights = RIGHT_SEND}};
    if (program_run(&options, &task, &reason) != OK) {
        test_fail(__FILE__, __LINE__, "'%s' is not started: %s", words, reason);
        return NULL;
    }
    return task;
}

static void crowd_end(struct task *task)
{
    int status = -1;
    if (task == NULL) {
        return;
    }
    test_eventually(task_wait(task, SELFTEST_EVENTUALLY_NS, &status) == OK, "it does not end");
    test_equal(status, 0);
    task_kill(task, ERROR_TIMEOUT);
    object_release(&task->object);
}

TEST(UTH0020,
     "100,000 threads of 8 programs sleep in IPC in 1 GiB, user stacks included, and all wake with "
     "every word and byte",
     USER_CROWD)
{
    struct endpoint *endpoint;
    struct task *tasks[PROGRAMS];
    struct stack_swap_counts counts;
    memset(called, 0, sizeof(called));
    size_t free_before = frame_free_count();
    if (endpoint_create(&endpoint) != OK) {
        test_fail(__FILE__, __LINE__, "there is no memory for an endpoint");
        return;
    }
    object_handle_acquire(&endpoint->object, RIGHT_RECEIVE); /* somebody may receive */
    for (unsigned i = 0; i < PROGRAMS; i++) {
        tasks[i] = crowd_start(endpoint, i);
    }
    uint32_t asleep = callers_await(endpoint);
    test_equal(asleep, THREADS);
    size_t used = free_before - frame_free_count();
    stack_swap_counts_read(&counts);
    test_note(
        "%u threads asleep in IPC in %zu frames, %zu bytes each; %u kernel stacks are swapped "
        "out",
        asleep, used, asleep != 0 ? used * PAGE_BYTES / asleep : 0, counts.saved_now);
    calls_answer(endpoint, asleep);
    object_handle_release(&endpoint->object, RIGHT_RECEIVE); /* who still waits is not answered */
    for (unsigned i = 0; i < PROGRAMS; i++) {
        crowd_end(tasks[i]);
    }
    object_release(&endpoint->object);
}
