/*
 * The out-of-memory policy for programs. One task owns most frames. A thread of another one touches
 * page after page of a machine without memory, so it can go on only if somebody gives frames back.
 */
#include "kernel/task/task_oom.h"

#include "kernel/task/user_thread_stop.h"
#include "lib/error.h"
#include "mm/space/memory_object.h"
#include "sched/stack/oom.h"
#include "sched/stack/swapper_test_hooks.h"
#include "tests/support/memory_exhaust.h"
#include "tests/support/threads.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define PLACE    0x20000000UL
#define OWNED    64  /* pages of the task that is to end */
#define TOUCHED  400 /* by user_code_pager_client */
#define LIMIT_NS 100000000UL
#define QUIET_NS (4 * LIMIT_NS)

extern const char user_code_spin[], user_code_pager_client[];

/* Maps pages of new memory in a task, of which `committed` have their frames at once. */
static must_check int pages_map(struct task *task, size_t pages, size_t committed)
{
    struct memory_object *object;
    int error = memory_object_create(pages * PAGE_BYTES, task->quota, &object);
    if (error == OK) {
        error = address_space_map(&task->space, PLACE, pages * PAGE_BYTES, SPACE_READ | SPACE_WRITE,
                                  object, 0);
        if (error == OK && committed != 0) {
            error = memory_object_commit(object, 0, committed * PAGE_BYTES);
        }
        memory_object_release(object);
    }
    return error;
}

/* Starts the thread that touches pages. It stops before its first instruction. */
static struct user_thread *toucher_start(struct task *task)
{
    struct user_thread *user;
    if (user_thread_create(task, THREAD_PRIORITY_DEFAULT, 0, &user) != OK) {
        return NULL;
    }
    ignore_result(user_thread_suspend(user, 0)); /* noted, as it has not started */
    test_equal(user_thread_start(user, user_world_address(user_code_pager_client), 0, PLACE), OK);
    test_equal(user_thread_suspend(user, TEST_EVENTUALLY_NS), OK);
    return user;
}

/* Lets the thread touch its pages without memory, and checks whether the owner ends for it. */
static void memory_withhold(struct task *owner, struct user_thread *toucher, bool policy)
{
    struct memory_exhausted taken;
    int status = 0;
    swapper_quiet_set(true); /* it would take frames from stacks */
    memory_exhaust(&taken);
    oom_kill_after(policy ? LIMIT_NS : 0);
    user_thread_resume(toucher);
    if (policy) {
        test_equal(task_wait(owner, TEST_EVENTUALLY_NS, &status), OK);
        test_equal(status, ERROR_NO_MEMORY);
    } else {
        test_settle(QUIET_NS);
        test_check(!owner->dying);
    }
    oom_kill_after(0);
    test_check(!toucher->task->dying);
    memory_give(&taken, SIZE_MAX);
    swapper_quiet_set(false);
}

static void policy_try(bool policy)
{
    struct task *owner = task_fixture_create(1), *other = task_fixture_create(1);
    struct user_thread *spinner = NULL, *toucher = NULL;
    int status;
    if (owner != NULL && other != NULL) {
        volatile uint64_t *data = task_fixture_data(owner);
        (void)task_fixture_data(other); /* where the ticks of each touch go */
        owner->is_for_programs = true;
        test_equal(pages_map(owner, OWNED, OWNED), OK);
        test_equal(pages_map(other, TOUCHED, 0), OK);
        spinner = task_fixture_start(owner, 0, user_code_spin, USER_WORLD_DATA, 0);
        toucher = toucher_start(other);
        if (spinner != NULL && toucher != NULL) {
            test_eventually(data[0] != 0, "the owner's thread has not run");
            memory_withhold(owner, toucher, policy);
            test_equal(task_wait(other, TEST_EVENTUALLY_NS, &status), OK);
            test_equal(status, ERROR_FAULT); /* by the instruction behind the last touch */
        }
    }
    if (spinner != NULL) {
        object_release(&spinner->object);
    }
    if (toucher != NULL) {
        object_release(&toucher->object);
    }
    if (owner != NULL) {
        task_fixture_end(owner);
    }
    if (other != NULL) {
        task_fixture_end(other);
    }
}

TEST(TSK0025, "with starve-kill= the task with the most frames ends when a page finds no frame",
     ALWAYS)
{
    policy_try(true);
}

TEST(TSK0026, "without starve-kill= no task ends when a page of another one finds no frame", ALWAYS)
{
    policy_try(false);
}
