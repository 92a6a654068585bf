/*
 * See task_family.h. A task that is being created while its budget ends is either found by a walk
 * over the list of all tasks, or finds, behind its entry into the list, that the budget has ended.
 */
#include "kernel/task/task_family.h"

#include "kernel/task/budget.h"
#include "lib/error.h"

#define FOUND_AT_ONCE 32

/* Tasks that one walk found, each with a reference. */
struct found {
    const struct budget *budget;
    unsigned count;
    struct task *tasks[FOUND_AT_ONCE];
};

/* The visit of task_for_each(). */
static void find(struct task *task, void *context)
{
    struct found *found = context;
    if (found->count < FOUND_AT_ONCE && !__atomic_load_n(&task->dying, __ATOMIC_RELAXED) &&
        budget_contains(found->budget, task->budget) && object_try_acquire(&task->object)) {
        found->tasks[found->count++] = task;
    }
}

int task_family_kill(struct task *task, int status)
{
    struct budget *budget = task->budget;
    struct found found;
    if (!task->began_budget) {
        return ERROR_INVALID;
    }
    budget_end(budget);
    do {
        found = (struct found){.budget = budget};
        task_for_each(find, &found);
        for (unsigned i = 0; i < found.count; i++) {
            task_kill(found.tasks[i], status);
            object_release(&found.tasks[i]->object);
        }
    } while (found.count > 0);
    return OK;
}
