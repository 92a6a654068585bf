/* Threads that wait in message calls without a stack: ipc=handoff. */
#include "sched/stack/handoff.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/kmalloc.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "sched/core/stack_used.h"
#include "sched/core/thread_trace.h"
#include "tests/support/cache_settings.h"
#include "tests/support/threads.h"
#include "tests/syscall/message_fast_fixture.h"
#include "tests/test.h"

#define CROWD         1000
#define FRAMES_A_HEAD 4 /* for one thread of the crowd, with much to spare */
#define CALLS         4 /* of the test to the crowd */
#define SHORT_NS      2000000

extern const char user_code_script[];

static struct user_world_thread *users;
static struct thread **threads;
static unsigned count;

static bool crowd_allocate(void)
{
    void *memory = NULL, *pointers = NULL;
    size_t most = frame_free_count() / FRAMES_A_HEAD;
    count = most < CROWD ? (unsigned)most : CROWD;
    test_equal(kmalloc(count * sizeof(*users), &memory), OK);
    test_equal(kmalloc(count * sizeof(struct thread *), &pointers), OK);
    users = memory;
    threads = pointers;
    return memory != NULL && pointers != NULL;
}

/* Starts threads that all receive from the endpoint, and waits until they sleep without a stack. */
static void crowd_start(void)
{
    int64_t before = handoff_threads();
    volatile uint64_t *list = user_world_data(&script_world);
    struct script_call *call = (struct script_call *)(uintptr_t)(list + 1);
    list[0] = 1; /* one list for all: none of them writes to it before all sleep */
    *call = (struct script_call){.rax = SYSCALL_ipc_receive, .rdi = fast.receiver};
    for (unsigned i = 0; i < count; i++) {
        threads[i] =
            user_world_start(&users[i], &script_world, user_code_script, USER_WORLD_DATA, 0);
        if (threads[i] == NULL) {
            count = i;
        }
    }
    test_eventually(handoff_threads() - before == count, "not all threads gave their stacks away");
}

/* Calls a thread of the crowd, which takes the message and ends without an answer. */
static void crowd_call(void)
{
    static struct ipc_state state;
    ipc_state_init(&state, NULL);
    test_equal(ipc_call(&state, fast.endpoint, clock_now_ns() + SHORT_NS), ERROR_TIMEOUT);
    ipc_state_end(&state);
}

static void crowd_end(void)
{
    for (unsigned i = 0; i < count / 2; i++) {
        users[i].user.thread = threads[i];
        user_thread_kill(&users[i].user);
    }
    for (unsigned i = 0; i < count / 2; i++) {
        test_equal(thread_join(threads[i]), ERROR_KILLED);
        test_check(!users[i].ended);
    }
    for (unsigned i = 0; i < CALLS; i++) {
        crowd_call();
    }
    test_equal(handle_close(&script_handles, fast.sender), OK); /* the others' peer dies */
    for (unsigned i = count / 2; i < count; i++) {
        test_equal(test_thread_join(threads[i]), 0);
        test_check(users[i].ended);
    }
    for (unsigned i = 0; i < count; i++) {
        ipc_state_end(&users[i].user.ipc);
    }
}

TEST(HOF0001,
     "a thousand threads asleep in IPC share few stacks; a message, a kill and the end of "
     "the other side wake each",
     HANDOFF)
{
    if (!message_fast_begin()) {
        return;
    }
    struct handoff_counts counts, now;
    handoff_counts_read(&counts);
    int64_t before = handoff_threads();
    cache_settings_keep();
    if (crowd_allocate()) {
        cache_empty();
        (void)stack_reclaim();
        size_t frames = frame_owned_count(FRAME_OWNER_STACK), pages = 0;
        crowd_start();
        cache_empty();
        (void)stack_reclaim();
        for (unsigned i = 0; i < count; i++) {
            pages += stack_pages_backed(threads[i]->slot);
            test_equal(stack_missing(threads[i]->slot), STACK_PAGES);
            test_equal(stack_used_bytes(threads[i]), 0);
        }
        test_equal(pages, 0);
        test_eventually(frame_owned_count(FRAME_OWNER_STACK) < frames + count / 8,
                        "%zu more pages of stack", frame_owned_count(FRAME_OWNER_STACK) - frames);
        test_note("%u threads sleep in IPC with %zu pages of stack", count,
                  frame_owned_count(FRAME_OWNER_STACK) - frames);
        crowd_end();
    }
    handoff_counts_read(&now);
    test_check(now.given - counts.given >= count);
    test_check(now.cached + now.filled - counts.cached - counts.filled >= count);
    test_equal(handoff_threads(), before);
    kfree(users);
    kfree(threads);
    cache_settings_put_back();
    message_fast_end();
}

/* Adds a message call that ends at a deadline, with a message buffer of its own. */
static void timed_call_add(struct script *script, uint64_t number, uint64_t handle)
{
    script_add(script, SYSCALL_message_buffer_set,
               SCRIPT_BUFFER - offsetof(struct message_buffer, deadline_ns), 0, 0, 0, 0, 0);
    script_add_message(script, number, handle, MESSAGE_TAG_DEADLINE, 5);
}

TEST(HOF0002, "a deadline ends a call and a receive of a thread that gave its stack away", HANDOFF)
{
    for (unsigned side = 0; side < 2; side++) {
        if (!message_fast_begin()) {
            return;
        }
        struct handoff_counts counts, now;
        handoff_counts_read(&counts);
        int64_t before = handoff_threads();
        volatile uint64_t *deadline =
            user_world_data(&script_world) + (SCRIPT_BUFFER - USER_WORLD_DATA) / 8;
        *deadline = clock_now_ns() + 20 * SHORT_NS;
        timed_call_add(&fast.client, side == 0 ? SYSCALL_ipc_call : SYSCALL_ipc_receive,
                       side == 0 ? fast.sender : fast.receiver);
        script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, MESSAGE_TAG_POLL, 0);
        script_start(&fast.client);
        script_join(&fast.client);
        test_equal(script_result(&fast.client, 1), ERROR_TIMEOUT);
        test_equal(fast.client.calls[1].rdx, 0);
        test_equal(script_result(&fast.client, 2), ERROR_AGAIN); /* it went on in the right place */
        handoff_counts_read(&now);
        test_check(now.given > counts.given);
        test_check(now.cached + now.filled > counts.cached + counts.filled);
        test_equal(handoff_threads(), before);
        test_check(priority_queue_empty(&fast.endpoint->callers));
        test_check(priority_queue_empty(&fast.endpoint->receivers));
        message_fast_end();
    }
}

TEST(HOF0003, "client and server hand one stack to and fro, and each keeps its registers", HANDOFF)
{
    if (!message_fast_begin()) {
        return;
    }
    struct handoff_counts counts, now;
    handoff_counts_read(&counts);
    message_fast_server_start(9, 1000);
    for (unsigned i = 0; i < 8; i++) {
        script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, message_tag(50 + i, 0, 0),
                           10 * i);
    }
    script_start(&fast.client);
    script_join(&fast.client);
    handoff_counts_read(&now);
    test_check(now.exchanged - counts.exchanged >= 8); /* of 16: others may be in the way of some */
    for (unsigned i = 0; i < 8; i++) {
        test_equal(script_result(&fast.client, i), OK);
        test_equal(fast.client.calls[i].rsi, message_tag(i + 1, 0, 0));
        script_expect_words(&fast.client.calls[i], 1000 + 100 * (i + 1));
    }
    test_wait_blocked(fast.server.running);
    test_equal(stack_missing(fast.server.running->slot), STACK_PAGES);
    script_kill_and_join(&fast.server);
    message_fast_end();
}

TEST(HOF0004, "a thread without a stack has a backtrace: where it goes on", HANDOFF)
{
    static struct backtrace trace;
    if (!message_fast_begin()) {
        return;
    }
    int64_t before = handoff_threads();
    script_add_message(&fast.server, SYSCALL_ipc_receive, fast.receiver, 0, 0);
    script_start_and_wait(&fast.server);
    test_eventually(handoff_threads() > before, "it gave no stack away");
    test_check(thread_trace(fast.server.running, &trace));
    test_check(trace.count > 0);
    test_equal(trace.steps[0].address, (uintptr_t)message_given_receive_woken);
    script_kill_and_join(&fast.server);
    message_fast_end();
}
