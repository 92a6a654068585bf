/* See latency_task.h. */
#ifdef LATENCY

#include "tests/bench/latency_task.h"

#include "arch/x86_64/entry/trap_frame.h"
#include "kernel/console/console.h"
#include "kernel/ipc/ipc.h"
#include "kernel/task/user_thread_stop.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/space/memory_object.h"
#include "tests/support/call_chain.h"

#define THREADS           10000
#define FRAMES_PER_THREAD 4
#define PLACE             0x40000000UL
#define BYTES             (1UL << 30)
#define LOW               3
#define HIGH              THREAD_PRIORITY_DEFAULT

static struct user_thread *users[THREADS];

/* Starts a thread of the task that stops before it reaches user mode. */
static bool stopped_start(struct task *task, struct user_thread **user)
{
    if (user_thread_create(task, LOW, 0, user) != OK) {
        return false;
    }
    ignore_result(user_thread_suspend(*user, 0)); /* noted, as it has not started */
    if (user_thread_start(*user, PLACE, PLACE, 0) != OK) {
        object_release(&(*user)->object);
        return false;
    }
    return true;
}

static void threads_end(struct task *task)
{
    unsigned most = (unsigned)(frame_free_count() / FRAMES_PER_THREAD), count = 0;
    int status;
    most = most < THREADS ? most : THREADS;
    while (count < most && stopped_start(task, &users[count])) {
        count++;
    }
    if (count > 0) {
        ignore_result(user_thread_suspend(users[count - 1], WAIT_FOREVER)); /* until it stopped */
    }
    task_kill(task, 0);
    ignore_result(task_wait(task, WAIT_FOREVER, &status));
    for (unsigned i = 0; i < count; i++) {
        object_release(&users[i]->object);
    }
    console_print("# a task of %u threads was ended\n", count);
}

static void pages_unmap(struct task *task)
{
    struct memory_object *object;
    unsigned most = (unsigned)(frame_free_count() / 2), pages = 0;
    const char *reason;
    if (memory_object_create(BYTES, task->quota, &object) != OK) {
        return;
    }
    int error = address_space_map(&task->space, PLACE, BYTES, SPACE_READ | SPACE_WRITE, object, 0);
    memory_object_release(object);
    while (error == OK && pages < most && pages < BYTES / PAGE_BYTES) {
        error = address_space_fault(&task->space, PLACE + pages * PAGE_BYTES,
                                    PAGE_FAULT_USER | PAGE_FAULT_WRITE, &reason);
        pages += error == OK;
    }
    if (address_space_unmap(&task->space, PLACE, BYTES) == OK) {
        console_print("# 1 GiB with %u pages was unmapped\n", pages);
    }
}

static void caller_run(void *argument)
{
    static struct ipc_state state;
    ipc_state_init(&state, NULL);
    ignore_result(ipc_call(&state, argument, WAIT_FOREVER));
    ipc_state_end(&state);
}

/* A caller of high priority waits for the first thread of a chain, and passes its priority on. */
static void priority_pass(void)
{
    const struct thread_options options = {.name = "caller", .priority = HIGH};
    struct endpoint *endpoint = call_chain_begin(CALL_CHAIN_MOST, LOW);
    struct thread *caller;
    if (endpoint == NULL) {
        return;
    }
    int error = thread_create(&options, caller_run, endpoint, &caller);
    ignore_result(thread_sleep_ns(10000000));
    console_print("# a priority was passed along %u calls: the lowest is %u of %u\n",
                  CALL_CHAIN_MOST, call_chain_priority(), HIGH);
    call_chain_end();
    if (error == OK) {
        thread_join(caller);
    }
}

void latency_task_run(void)
{
    static const struct task_options options = {.name = "latency"};
    struct task *task;
    priority_pass();
    if (task_create(&options, &task) != OK) {
        return;
    }
    pages_unmap(task);
    threads_end(task);
    object_release(&task->object);
}

#endif
