/*
 * The console's driver without what its handles let it do. It is a program like others: the kernel
 * has no code of it that would go on.
 */
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/dev/serial.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/program/program.h"
#include "kernel/task/user_thread.h"
#include "lib/error.h"
#include "tests/support/eventually.h"
#include "tests/test.h"

#define SETTLE_NS    20000000 /* its threads may sleep for a moment before they have begun */
#define STATUS_FATAL 127      /* of a program that finds that it cannot go on */

/* Closes a program's handles to objects of a type. Returns how many there were. */
static unsigned revoke(struct task *task, enum object_type type)
{
    struct handle_value value;
    uint32_t index = 0, handle;
    unsigned count = 0;
    if (task_change_begin(task) != OK) {
        return 0;
    }
    while (handle_table_next(&task->handles, &index, &handle, &value)) {
        if (value.object->type == type) {
            test_equal(handle_close(&task->handles, handle), OK);
            count++;
        }
        object_release(value.object);
    }
    task_change_end(task);
    return count;
}

/* Returns whether all threads of a task have been started, and sleep. */
static bool threads_sleep(struct task *task)
{
    bool sleep = true;
    uint64_t flags = spin_lock_irq_save(&task->lock);
    list_for_each (node, &task->threads) {
        const struct thread *thread = container_of(node, struct user_thread, task_node)->thread;
        sleep &= thread != NULL && thread_is_blocked(thread);
    }
    spin_unlock_irq_restore(&task->lock, flags);
    return sleep;
}

/* Starts the driver and waits until it drives the serial port. NULL: the test is over. */
static struct task *driver_begin(struct endpoint *endpoint)
{
    const struct program_options options = {
        .words = "console com1", .parent = {.object = &endpoint->object, .rights = RIGHT_RECEIVE}};
    struct task *task;
    const char *reason;
    int status;
    if (program_run(&options, &task, &reason) != OK) {
        test_fail(__FILE__, __LINE__, "the driver is not started: %s", reason);
        return NULL;
    }
    test_eventually(task->thread_count == 2 || task->reclaimed, "it has not begun");
    if (!task->reclaimed && serial_is_lent()) {
        /* A call that is under way would fail without its handle. */
        test_eventually(threads_sleep(task), "it is still busy");
        ignore_result(thread_sleep_ns(SETTLE_NS));
        test_eventually(threads_sleep(task), "it is busy again");
        return task;
    }
    task_kill(task, 0);
    test_equal(task_wait(task, TEST_EVENTUALLY_NS, &status), OK);
    object_release(&task->object);
    test_skip("there is no serial port");
    return NULL;
}

static int driver_end(struct task *task)
{
    int status = 0, error = task_wait(task, TEST_EVENTUALLY_NS, &status);
    if (error != OK) {
        task_kill(task, 0);
        test_equal(task_wait(task, TEST_EVENTUALLY_NS, &status), OK);
    }
    test_equal(error, OK);
    object_release(&task->object);
    return status;
}

/* Runs the driver, takes its handles of a type away, and then has the kernel write a line. */
static void without(enum object_type type, void (*judge)(struct task *task))
{
    struct endpoint *endpoint;
    int error = endpoint_create(&endpoint);
    test_equal(error, OK);
    if (error != OK) {
        return;
    }
    object_handle_acquire(&endpoint->object, RIGHT_SEND); /* somebody may call it */
    struct task *task = driver_begin(endpoint);
    if (task != NULL) {
        test_check(revoke(task, type) > 0);
        log_info("a line that the driver is to show");
        judge(task);
    }
    object_handle_release(&endpoint->object, RIGHT_SEND);
    object_release(&endpoint->object);
}

static void it_has_failed(struct task *task)
{
    test_equal(driver_end(task), STATUS_FATAL);
    test_check(!serial_is_lent()); /* the kernel has it again */
}

static void it_is_deaf(struct task *task)
{
    test_check(!serial_is_lent());
    test_check(!task->dying); /* it waits for interrupts that do not come */
    task_kill(task, STATUS_FATAL);
    it_has_failed(task);
}

TEST(CON0048, "the console's driver fails when its I/O ports are taken away while it runs",
     BOOT_ARCHIVE)
{
    without(OBJECT_PORTS, it_has_failed);
}

TEST(CON0049, "without its handle to the console the driver gets neither interrupts nor text",
     BOOT_ARCHIVE)
{
    without(OBJECT_CONSOLE, it_is_deaf);
}
