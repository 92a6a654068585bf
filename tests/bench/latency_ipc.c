/* See latency_ipc.h. */
#ifdef LATENCY

#include "tests/bench/latency_ipc.h"

#include "kernel/console/console.h"
#include "kernel/ipc/ipc.h"
#include "kernel/ipc/notification.h"
#include "kernel/object/handle_table.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "sched/core/thread.h"

#define WAITERS           10000
#define FRAMES_PER_WAITER 4
#define STEP_NS           1000000UL

static struct ipc_state states[WAITERS];
static struct thread *threads[WAITERS];
static struct handle_table table;
static struct endpoint *endpoint;
static struct notification *notification;
static uint32_t died;

static void note(int error)
{
    if (error == ERROR_PEER_DIED) {
        __atomic_add_fetch(&died, 1, __ATOMIC_RELAXED);
    }
}

static void call(void *argument)
{
    note(ipc_call(argument, endpoint, WAIT_FOREVER));
}

static void receive(void *argument)
{
    note(ipc_receive(argument, endpoint, WAIT_FOREVER));
}

static void wait(void *argument maybe_unused)
{
    uint64_t bits;
    note(notification_wait(notification, WAIT_FOREVER, &bits));
}

/* Lets many threads wait, and closes the only handle by which the other side could come. */
static void end(struct object *object, unsigned rights, void (*entry)(void *), const char *what)
{
    unsigned most = (unsigned)(frame_free_count() / FRAMES_PER_WAITER), count = 0;
    uint32_t handle;
    most = most < WAITERS ? most : WAITERS;
    died = 0;
    handle_table_init(&table, 1);
    if (handle_open(&table, object, rights, 0, &handle) != OK) {
        console_print("# no memory for a handle\n");
        return;
    }
    while (count < most) {
        ipc_state_init(&states[count], NULL);
        if (thread_start("waiter", entry, &states[count], &threads[count]) != OK) {
            break;
        }
        count++;
    }
    ignore_result(thread_sleep_ns(100 * STEP_NS)); /* all of them wait now */
    handle_table_destroy(&table);
    for (unsigned i = 0; i < count; i++) {
        thread_join(threads[i]);
    }
    console_print("# %u of %u %s were told that the other side is gone\n", died, count, what);
}

static void table_close(struct object *object)
{
    uint32_t handle, count = 0;
    handle_table_init(&table, HANDLES_MAX);
    while (handle_open(&table, object, RIGHTS_ALL, count, &handle) == OK) {
        count++;
    }
    handle_table_destroy(&table);
    console_print("# a table of %u handles was closed\n", count);
}

void latency_ipc_run(void)
{
    if (endpoint_create(&endpoint) != OK) {
        return;
    }
    end(&endpoint->object, RIGHT_RECEIVE, call, "callers");
    object_release(&endpoint->object);
    if (endpoint_create(&endpoint) != OK || notification_create(&notification) != OK) {
        return;
    }
    end(&endpoint->object, RIGHT_SEND, receive, "receivers");
    end(&notification->object, RIGHT_SEND, wait, "waiters of a notification");
    table_close(&endpoint->object);
    object_release(&endpoint->object);
    object_release(&notification->object);
}

#endif
