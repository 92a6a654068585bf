/* Budgets: what tasks have together, and the end of all of them. */
#include "kernel/task/budget.h"

#include "kernel/task/task_family.h"
#include "lib/error.h"
#include "tests/support/eventually.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define FRAMES 40

extern const char user_code_spin[];

/* Creates a task in the budget of another one; with `frames` it begins a budget within that. */
static struct task *task_of(struct task *creator, size_t frames)
{
    struct task *task = NULL;
    const struct task_options options = {
        .name = "budget", .creator = creator, .frames = frames, .begins_budget = frames != 0};
    test_equal(task_create(&options, &task), OK);
    return task;
}

/* The four tasks of a test: `outer` and `inner` began a budget each. */
struct family {
    struct task *outer, *beside, *inner, *below;
};

static bool family_begin(struct family *family)
{
    *family = (struct family){.outer = task_of(NULL, FRAMES)};
    if (family->outer != NULL) {
        family->beside = task_of(family->outer, 0);
        family->inner = task_of(family->outer, FRAMES);
    }
    if (family->inner != NULL) {
        family->below = task_of(family->inner, 0);
    }
    return family->below != NULL && family->beside != NULL;
}

static void family_end(struct family *family)
{
    struct task *tasks[] = {family->below, family->inner, family->beside, family->outer};
    for (unsigned i = 0; i < array_length(tasks); i++) {
        if (tasks[i] != NULL) {
            task_kill(tasks[i], 0);
            object_release(&tasks[i]->object);
        }
    }
}

/* Charges all frames that the quota of a task lets it have. Returns how many. */
static size_t frames_take(struct task *task)
{
    size_t count = 0;
    while (count <= FRAMES && frame_quota_charge(task->quota, 1) == OK) {
        count++;
    }
    return count;
}

TEST(TSK0019, "frames of a task count in its budget and in the budgets around that", ALWAYS)
{
    struct family family;
    if (family_begin(&family)) {
        size_t used = family.outer->budget->quota->used;
        test_check(used >= 4); /* a page table each */
        size_t taken = frames_take(family.below);
        test_equal(taken, FRAMES - used);
        test_equal(family.below->quota->used,
                   family.inner->budget->quota->used - family.inner->quota->used);
        test_equal(frame_quota_charge(family.beside->quota, 1), ERROR_QUOTA);
        test_equal(frame_quota_charge(family.outer->quota, 1), ERROR_QUOTA);
        test_equal(family.outer->budget->quota->used, FRAMES);
        frame_quota_give_back(family.below->quota, taken);
        test_equal(family.outer->budget->quota->used, used);
    }
    family_end(&family);
}

TEST(TSK0020, "budgets within a budget cannot have its reserve, but its own tasks can", ALWAYS)
{
    struct family family;
    if (family_begin(&family)) {
        size_t used = family.outer->budget->quota->used;
        budget_limits_set(family.outer->budget, 0, 0, 5);
        size_t below = frames_take(family.below);
        test_equal(below, FRAMES - used - 5);
        test_equal(frame_quota_charge(family.inner->quota, 1), ERROR_QUOTA);
        size_t beside = frames_take(family.beside);
        test_equal(beside, 5);
        frame_quota_give_back(family.below->quota, below);
        frame_quota_give_back(family.beside->quota, beside);
    }
    family_end(&family);
}

TEST(TSK0021, "the tasks and threads of a budget and of those within it are limited together",
     ALWAYS)
{
    struct family family;
    struct task *more = NULL;
    if (family_begin(&family)) {
        struct task_options options = {.name = "more", .creator = family.below};
        budget_limits_set(family.outer->budget, 5, 3, 0);
        test_equal(task_create(&options, &more), OK);
        struct task *none;
        test_equal(task_create(&options, &none), ERROR_QUOTA);
        options.creator = family.beside;
        test_equal(task_create(&options, &none), ERROR_QUOTA);
        test_equal(budget_thread_add(family.inner->budget), OK);
        test_equal(budget_thread_add(family.inner->budget), OK);
        test_equal(budget_thread_add(family.outer->budget), OK);
        test_equal(budget_thread_add(family.inner->budget), ERROR_QUOTA);
        test_equal(family.inner->budget->threads, 2); /* a refusal charges nothing */
        budget_thread_remove(family.inner->budget);
        budget_thread_remove(family.inner->budget);
        budget_thread_remove(family.outer->budget);
        test_equal(family.inner->budget->tasks, 3);
        test_equal(family.outer->budget->tasks, 5);
    }
    if (more != NULL) {
        task_kill(more, 0);
        object_release(&more->object);
        test_equal(family.outer->budget->tasks, 4);
    }
    family_end(&family);
}

TEST(TSK0022, "all tasks of a budget end together, those of budgets within it as well", ALWAYS)
{
    struct family family;
    if (family_begin(&family)) {
        struct task *none;
        const struct task_options options = {.name = "late", .creator = family.below};
        test_equal(task_family_kill(family.below, 7), ERROR_INVALID); /* it began none */
        test_equal(task_family_kill(family.inner, 7), OK);
        test_check(family.inner->reclaimed && family.below->reclaimed);
        test_equal(family.below->status, 7);
        test_check(!family.beside->dying && !family.outer->dying);
        test_equal(task_create(&options, &none), ERROR_PEER_DIED);
        test_equal(task_family_kill(family.outer, 8), OK);
        test_check(family.beside->reclaimed && family.outer->reclaimed);
        test_equal(family.beside->status, 8);
        test_equal(family.below->status, 7);
    }
    family_end(&family);
}

TEST(TSK0023, "budgets lie only so deep within each other, and a refused one leaves nothing",
     ALWAYS)
{
    struct task *tasks[BUDGET_DEPTH_MAX];
    struct task *none;
    unsigned count = 0;
    for (; count < BUDGET_DEPTH_MAX; count++) {
        tasks[count] = task_of(count > 0 ? tasks[count - 1] : NULL, 100);
        if (tasks[count] == NULL) {
            break;
        }
    }
    if (count == BUDGET_DEPTH_MAX) {
        const struct task_options options = {
            .name = "deep", .creator = tasks[count - 1], .frames = 1, .begins_budget = true};
        test_equal(task_create(&options, &none), ERROR_QUOTA);
        test_equal(tasks[0]->budget->tasks, count);
        test_equal(tasks[0]->budget->quota->used, count);
    }
    while (count-- > 0) {
        task_kill(tasks[count], 0);
        object_release(&tasks[count]->object);
    }
}

/* A thread that runs is what a program has; the budget's count follows it. */
TEST(TSK0024, "a thread counts in the budget from its start to its end", ALWAYS)
{
    struct task *task = task_fixture_create(1);
    if (task == NULL) {
        return;
    }
    struct budget *budget = NULL;
    test_equal(budget_create(NULL, FRAMES, &budget), OK);
    if (budget != NULL) {
        task->budget = budget; /* nothing has been charged to it */
        test_equal(budget_task_add(budget), OK);
        budget_acquire(budget);
        budget_limits_set(budget, 0, 1, 0);
        struct user_thread *user = task_fixture_start(task, 0, user_code_spin, USER_WORLD_DATA, 0);
        test_equal(budget->threads, 1);
        if (user != NULL) {
            object_release(&user->object);
        }
    }
    task_fixture_end(task);
    if (budget != NULL) {
        test_equal(budget->threads, 0);
        /* The thread's reference keeps the task until the thread is reaped, behind the wait. */
        test_eventually(__atomic_load_n(&budget->tasks, __ATOMIC_RELAXED) == 0, "a task counts");
        budget_release(budget);
    }
}

TEST(TSK0027, "a budget within another one is not outermost; any other is, and so is none", ALWAYS)
{
    struct family family;
    test_check(budget_is_outermost(NULL));
    if (family_begin(&family)) {
        test_check(budget_is_outermost(family.outer->budget));
        test_check(budget_is_outermost(family.beside->budget));
        test_check(!budget_is_outermost(family.inner->budget));
        test_check(!budget_is_outermost(family.below->budget));
    }
    family_end(&family);
}
