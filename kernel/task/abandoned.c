/* See abandoned.h. */
#include "kernel/task/abandoned.h"

#include "kernel/task/task_circle.h"
#include "lib/error.h"
#include "sched/core/thread.h"

/*
 * Between two searches for circles the thread rests: many handles may be closed at once, and one
 * search serves them all.
 */
#define CIRCLES_REST_NS 20000000UL

static struct spinlock abandoned_lock = SPINLOCK("abandoned tasks");
static struct list abandoned = LIST_INITIALIZER(abandoned);
static bool circles_wanted; /* a handle was closed that may have been the last from outside */
static struct wait_queue abandoned_wanted = {LIST_INITIALIZER(abandoned_wanted.waiters)};

/* Asks for a search for circles. */
static void circles_want(void)
{
    uint64_t flags = spin_lock_irq_save(&abandoned_lock);
    circles_wanted = true;
    ignore_result(wait_queue_wake_one(&abandoned_wanted));
    spin_unlock_irq_restore(&abandoned_lock, flags);
}

/* Has the task ended. The task's lock is not held. */
static void give_up(struct task *task)
{
    object_acquire(&task->object);
    uint64_t flags = spin_lock_irq_save(&abandoned_lock);
    list_add_last(&abandoned, &task->abandoned_node);
    ignore_result(wait_queue_wake_one(&abandoned_wanted));
    spin_unlock_irq_restore(&abandoned_lock, flags);
}

/* A handle to the task in its own table does not count: without a thread nobody can use it. */
void task_handle_closed(struct task *task)
{
    bool none =
        object_handle_count(&task->object) <= __atomic_load_n(&task->own_handles, __ATOMIC_ACQUIRE);
    uint64_t flags = spin_lock_irq_save(&task->lock);
    bool waits = task->thread_count == 0 && !task->dying && !task->abandoned;
    task->abandoned = task->abandoned || (waits && none);
    spin_unlock_irq_restore(&task->lock, flags);
    if (waits && none) {
        give_up(task);
    } else if (waits) {
        circles_want();
    }
}

/*
 * Waits for work. Returns a task to end, with a reference, or NULL if circles are to be searched.
 */
static struct task *work_await(void)
{
    struct list_node *node;
    uint64_t flags = spin_lock_irq_save(&abandoned_lock);
    while ((node = list_take_first(&abandoned)) == NULL && !circles_wanted) {
        wait_queue_sleep_unkillable(&abandoned_wanted, &abandoned_lock);
    }
    if (node == NULL) {
        circles_wanted = false;
    }
    spin_unlock_irq_restore(&abandoned_lock, flags);
    return node != NULL ? list_entry(node, struct task, abandoned_node) : NULL;
}

/* Ends the tasks of circles. If tasks changed during the search, the next one comes after a rest. */
static void circles_end(void)
{
    struct list found;
    if (!task_circles_find(&found)) {
        circles_want();
    }
    struct list_node *node;
    while ((node = list_take_first(&found)) != NULL) {
        struct task *task = list_entry(node, struct task, circle_node);
        task_kill(task, ERROR_PEER_DIED);
        object_release(&task->object);
    }
    ignore_result(thread_sleep_ns(CIRCLES_REST_NS)); /* nobody kills this thread */
}

static void abandoned_run(void *argument maybe_unused)
{
    for (;;) {
        struct task *task = work_await();
        if (task == NULL) {
            circles_end();
            continue;
        }
        task_kill(task, ERROR_PEER_DIED);
        object_release(&task->object);
    }
}

int task_start_service(void)
{
    const struct thread_options options = {
        .name = "tasks", .priority = THREAD_PRIORITY_DEFAULT, .may_not_die = true};
    return thread_create(&options, abandoned_run, NULL, NULL);
}
