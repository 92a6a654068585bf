/* Threads without a stack that are woken when memory is gone: ipc=handoff. */
#include "sched/stack/handoff.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/stack/gate.h"
#include "tests/support/memory_exhaust.h"
#include "tests/support/threads.h"
#include "tests/syscall/message_fast_fixture.h"
#include "tests/test.h"

#define MORE       40          /* threads beyond those that magazines and reserve have pages for */
#define WAIT_NS    250000000UL /* until the deadline; doubled until all sleep before it */
#define WAITS_MOST 7
#define MOST       400

extern const char user_code_script[];

static struct user_world_thread *users;
static struct thread *threads[MOST];
static unsigned count;

static struct {
    uint64_t deadline_ns; /* WAIT_FOREVER: the end of the other side wakes the threads */
    unsigned waited;      /* threads that waited for memory at one time */
    bool in_time;         /* memory was gone before the threads were woken */
} shortage;

/*
 * The list of calls, one for all threads: a receive, and then a wait that keeps the stack until the
 * thread is killed. No thread writes to the list before all have read the receive.
 */
static void list_write(void)
{
    int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
    volatile uint64_t *list = user_world_data(&script_world);
    struct script_call *calls = (struct script_call *)(uintptr_t)(list + 1);
    test_check(notification > 0);
    list[(SCRIPT_BUFFER - USER_WORLD_DATA) / 8] = shortage.deadline_ns;
    list[0] = 2;
    calls[0] = (struct script_call){
        .rax = SYSCALL_ipc_receive,
        .rdi = fast.receiver,
        .rsi = shortage.deadline_ns != WAIT_FOREVER ? MESSAGE_TAG_DEADLINE : 0,
    };
    calls[1] = (struct script_call){
        .rax = SYSCALL_notification_wait, .rdi = (uint64_t)notification, .rsi = UINT64_MAX};
}

/* The caller is more urgent and on their CPU, so none of them runs before the caller sleeps. */
static void threads_start(void)
{
    for (unsigned i = 0; i < count; i++) {
        threads[i] =
            user_world_start(&users[i], &script_world, user_code_script, USER_WORLD_DATA, 1);
        if (threads[i] == NULL) {
            count = i;
            return;
        }
        users[i].user.ipc.buffer = SCRIPT_BUFFER - offsetof(struct message_buffer, deadline_ns);
    }
}

static unsigned missing_pages(void)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < count; i++) {
        missing += stack_missing(threads[i]->slot);
    }
    return missing;
}

/* Each thread owns a slot, which nobody else owns. */
static void slots_check(void)
{
    for (unsigned i = 0; i < count; i++) {
        test_check(thread_of_slot(threads[i]->slot) == threads[i]);
    }
}

/* Fully backed, and more urgent than the threads: it goes on when they cannot. */
static void driver(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    slots_check();
    memory_exhaust(&taken);
    unsigned missing = missing_pages();
    if (shortage.deadline_ns == WAIT_FOREVER) {
        test_equal(handle_close(&script_handles, fast.sender), OK);
    }
    shortage.in_time = clock_now_ns() < shortage.deadline_ns;
    if (shortage.in_time) {
        test_equal(missing, count * STACK_PAGES);
        test_eventually((shortage.waited = memory_queued()) != 0, "no thread waits for memory");
        test_check(missing_pages() != 0);
    }
    memory_give(&taken, SIZE_MAX);
    for (unsigned i = 0; i < count; i++) {
        test_eventually(thread_is_blocked(threads[i]) &&
                            stack_missing(threads[i]->slot) < STACK_PAGES,
                        "thread %u of %u does not go on", i, count);
    }
    test_equal(memory_queued(), 0);
    slots_check();
}

static void threads_end(void)
{
    for (unsigned i = 0; i < count; i++) {
        users[i].user.thread = threads[i];
        user_thread_kill(&users[i].user);
        test_equal(thread_join(threads[i]), ERROR_KILLED);
        ipc_state_end(&users[i].user.ipc);
    }
}

/* Makes threads, which are woken without memory. Returns whether that came in time. */
static bool shortage_run(uint64_t deadline_ns)
{
    const struct thread_options driving = {
        .name = "driver", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    unsigned most =
        stack_reserve_capacity() + cpu_online_count() * this_cpu(magazine).capacity + MORE;
    void *memory = NULL;
    shortage.deadline_ns = deadline_ns;
    shortage.waited = 0;
    shortage.in_time = true;
    count = most < MOST ? most : MOST;
    if (!message_fast_begin()) {
        return true;
    }
    test_equal(kmalloc(count * sizeof(*users), &memory), OK);
    users = memory;
    if (memory != NULL) {
        int64_t before = handoff_threads();
        list_write();
        test_thread_bind(0, THREAD_PRIORITY_SYSTEM);
        threads_start();
        test_eventually(handoff_threads() - before == count || clock_now_ns() >= deadline_ns,
                        "not all threads gave their stacks away");
        test_thread_join(test_thread_create(&driving, driver, NULL));
        threads_end();
        test_thread_unbind();
        test_equal(handoff_threads(), before);
    }
    kfree(users);
    message_fast_end();
    return shortage.in_time;
}

/* Says so, and returns true, if no thread waits for memory in this mode. */
static bool skipped(void)
{
    bool skip = stack_mode_get() == STACK_MODE_EAGER || stack_mode_get() == STACK_MODE_PREFAULT;
    if (skip) {
        test_skip("no thread waits for memory with stack=eager and stack=prefault");
    }
    return skip;
}

TEST(HOF0005,
     "threads without a stack that a deadline wakes at zero memory miss 4 pages, wait, and go on",
     HANDOFF)
{
    uint64_t wait_ns = WAIT_NS;
    unsigned tries = 1;
    if (skipped()) {
        return;
    }
    while (!shortage_run(clock_now_ns() + wait_ns) && tries < WAITS_MOST) {
        wait_ns *= 2;
        tries++;
    }
    test_check(shortage.in_time);
    test_note("%u threads, at least %u of them waited for memory", count, shortage.waited);
}

TEST(HOF0006,
     "threads without a stack whose peer dies at zero memory miss 4 pages, wait, and go on",
     HANDOFF)
{
    if (skipped()) {
        return;
    }
    test_check(shortage_run(WAIT_FOREVER));
    test_note("%u threads, at least %u of them waited for memory", count, shortage.waited);
}
