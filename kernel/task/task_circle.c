/* See task_circle.h. */
#include "kernel/task/task_circle.h"

#include "lib/error.h"

static uint64_t changes_begun, changes_ended; /* atomic */

void task_circle_change_begin(void)
{
    __atomic_add_fetch(&changes_begun, 1, __ATOMIC_SEQ_CST);
}

void task_circle_change_end(void)
{
    __atomic_add_fetch(&changes_ended, 1, __ATOMIC_SEQ_CST);
}

/* Adds a task without threads to the list `context`, with a reference. */
static void candidate_add(struct task *task, void *context)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    bool waits = task->thread_count == 0 && !task->dying &&
                 __atomic_load_n(&task->is_for_programs, __ATOMIC_ACQUIRE);
    spin_unlock_irq_restore(&task->lock, flags);
    if (waits) {
        object_acquire(&task->object); /* a task in the list of all tasks has a reference */
        task->circle_candidate = true;
        task->circle_handles = 0;
        list_add_last(context, &task->circle_node);
    }
}

/* Calls visit for each candidate to which the task has a handle, once for each handle. */
static void handles_visit(struct task *task, void (*visit)(struct task *target, void *context),
                          void *context)
{
    struct handle_value value;
    uint32_t index = 0, handle;
    if (task_change_begin(task) != OK) {
        return; /* it has ended: a change that drops the result */
    }
    while (handle_table_next(&task->handles, &index, &handle, &value)) {
        struct task *target = value.object->type == OBJECT_TASK
                                  ? container_of(value.object, struct task, object)
                                  : NULL;
        if (target != NULL && target->circle_candidate) {
            visit(target, context);
        }
        object_release(value.object);
    }
    task_change_end(task);
}

static void handle_note(struct task *target, void *context maybe_unused)
{
    target->circle_handles++;
}

/* Moves a candidate to the list `context` of tasks that are kept. */
static void keep(struct task *target, void *context)
{
    target->circle_candidate = false;
    list_remove(&target->circle_node);
    list_add_last(context, &target->circle_node);
}

static void references_release(struct list *tasks)
{
    struct list_node *node;
    while ((node = list_take_first(tasks)) != NULL) {
        struct task *task = list_entry(node, struct task, circle_node);
        task->circle_candidate = false;
        object_release(&task->object);
    }
}

bool task_circles_find(struct list *found)
{
    struct list kept;
    list_init(found);
    list_init(&kept);
    uint64_t ended = __atomic_load_n(&changes_ended, __ATOMIC_SEQ_CST);
    uint64_t begun = __atomic_load_n(&changes_begun, __ATOMIC_SEQ_CST);
    task_for_each(candidate_add, found);
    list_for_each (node, found) {
        handles_visit(list_entry(node, struct task, circle_node), handle_note, NULL);
    }
    list_for_each_safe (node, next, found) {
        struct task *task = list_entry(node, struct task, circle_node);
        if (object_handle_count(&task->object) > task->circle_handles) {
            keep(task, &kept);
        }
    }
    /* What a task that is kept has a handle to goes to the end of the list, and is visited too. */
    list_for_each (node, &kept) {
        handles_visit(list_entry(node, struct task, circle_node), keep, &kept);
    }
    bool quiet = begun == ended && begun == __atomic_load_n(&changes_begun, __ATOMIC_SEQ_CST);
    if (!quiet) {
        references_release(found);
    }
    list_for_each (node, found) {
        list_entry(node, struct task, circle_node)->circle_candidate = false;
    }
    references_release(&kept);
    return quiet;
}
