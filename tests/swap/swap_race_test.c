/* Wake-ups, kills and readers that race with the swapper at each of its steps. */
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_depth.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/thread_trace.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"
#include "tests/support/threads.h"
#include "tests/swap/swap_fixture.h"
#include "tests/test.h"

/* The action on the sleeping thread, and the step at which it is taken. */
static struct {
    enum swapper_step at;
    void (*act)(struct thread *thread);
} race;

static void act_wake(struct thread *thread maybe_unused)
{
    semaphore_up(&swap_sleeper.wake);
}

static void act_kill(struct thread *thread)
{
    thread_kill(thread);
}

static void act_priority(struct thread *thread)
{
    unsigned priority = thread->priority == 20 ? THREAD_PRIORITY_DEFAULT : 20;
    test_equal(thread_priority_set(thread, priority), OK);
    test_equal(thread_affinity_set(thread, test_cpu_bit(priority)), OK);
    test_equal(thread_affinity_set(thread, THREAD_AFFINITY_ALL), OK);
}

/* Everything that reads threads and their stacks without bringing a page in. */
static struct {
    struct backtrace trace;
    uint32_t seen;
} scan;

static void scan_visit(struct thread *thread, void *context)
{
    scan.seen += thread == context && stack_pages_backed(thread->slot) <= STACK_PAGES;
}

static void act_scan(struct thread *thread)
{
    static struct backtrace now;
    struct stack_swap_counts before, after;
    uint32_t missing = stack_missing(thread->slot);
    stack_swap_counts_read(&before);
    scan.seen = 0;
    thread_for_each(scan_visit, thread);
    test_equal(scan.seen, 1);
    test_check(thread_find(thread->id) == thread);
    test_check(thread_of_slot(thread->slot) == thread);
    (void)stack_depth_scan(thread->slot);
    test_check(stack_holes_are_one(thread->slot));
    test_check(thread_trace(thread, &now));
    test_equal(now.count, scan.trace.count);
    test_check(!now.broken);
    for (unsigned i = 0; i < now.count && i < scan.trace.count; i++) {
        test_equal(now.steps[i].address, scan.trace.steps[i].address);
    }
    stack_swap_counts_read(&after);
    test_equal(stack_missing(thread->slot), missing);
    test_equal(after.swapped_in, before.swapped_in);
    test_equal(after.returned, before.returned);
}

static void swap_step_act(enum swapper_step step, struct thread *thread)
{
    if (step == race.at) {
        race.act(thread);
    }
}

/* Makes the thread wake at each step of each kind of pass, and checks that it lost nothing. */
static void race_run(enum swapper_take take, void (*act)(struct thread *), bool wakes)
{
    struct thread *thread = swap_sleeper_start(false);
    if (thread == NULL) {
        return;
    }
    race.act = act;
    for (unsigned round = 0; round < 5 * SWAPPER_STEPS; round++) {
        race.at = (enum swapper_step)(round % SWAPPER_STEPS);
        swapper_step_hook = swap_step_act;
        (void)swapper_pass(thread, take);
        swapper_step_hook = NULL;
        if (round % 2 != 0) {
            (void)stack_standby_free(UINT32_MAX);
        }
        if (!wakes) {
            semaphore_up(&swap_sleeper.wake);
        }
        if (semaphore_down_timed(&swap_sleeper.done, TEST_EVENTUALLY_NS) != OK) {
            test_fail(__FILE__, __LINE__, "the sleeper was woken at step %u, and sleeps on",
                      race.at);
            return; /* it could not be joined */
        }
        test_equal(swap_sleeper.rounds, round + 1);
        (void)test_wait_blocked(thread);
    }
    swap_sleeper_end(thread);
}

TEST(SWP0014, "backtraces, depth readers and scanners at every step bring nothing in", ALWAYS)
{
    for (unsigned round = 0; round < 2; round++) {
        struct thread *thread = swap_sleeper_start(false);
        if (thread == NULL) {
            return;
        }
        test_check(thread_trace(thread, &scan.trace));
        test_check(scan.trace.count >= 4 && !scan.trace.broken);
        race.act = act_scan;
        swapper_step_hook = swap_step_act;
        for (unsigned step = 0; step < SWAPPER_STEPS; step++) {
            race.at = (enum swapper_step)step;
            (void)swapper_pass(thread, round == 0 ? SWAPPER_SHRINK : SWAPPER_SWAP);
            swap_sleeper_wake(thread);
        }
        swapper_step_hook = NULL;
        (void)swapper_pass(thread, SWAPPER_SWAP);
        (void)stack_standby_free(UINT32_MAX);
        act_scan(thread);
        test_equal(stack_missing(thread->slot), STACK_PAGES);
        swap_sleeper_end(thread);
    }
}

TEST(SWP0010, "a wake-up at every step of shrinking a stack is not lost", ALWAYS)
{
    race_run(SWAPPER_SHRINK, act_wake, true);
}

TEST(SWP0011, "a wake-up at every step of swapping a stack out is not lost", ALWAYS)
{
    race_run(SWAPPER_SWAP, act_wake, true);
}

TEST(SWP0012,
     "a change of priority and affinity at every step leaves a sleeping thread where it is", ALWAYS)
{
    race_run(SWAPPER_SWAP, act_priority, false);
}

TEST(SWP0013, "a thread that is killed at any step of swapping it out ends with the kill's code",
     ALWAYS)
{
    for (unsigned round = 0; round < 4 * SWAPPER_STEPS; round++) {
        struct thread *thread = swap_sleeper_start(true);
        if (thread == NULL) {
            return;
        }
        /* In the last rounds the thread is swapped out first, and its frames are in other use. */
        bool out = round >= 3 * SWAPPER_STEPS;
        race.act = act_kill;
        race.at = (enum swapper_step)(round % SWAPPER_STEPS);
        swapper_step_hook = out ? NULL : swap_step_act;
        (void)swapper_pass(thread, SWAPPER_SWAP);
        swapper_step_hook = NULL;
        if (out) {
            (void)stack_standby_free(UINT32_MAX);
            test_equal(stack_missing(thread->slot), STACK_PAGES);
            act_priority(thread);
            test_equal(stack_missing(thread->slot), STACK_PAGES);
            thread_kill(thread);
        }
        test_thread_join(thread);
        test_equal(swap_sleeper.rounds, 1);
        test_equal(swap_sleeper.error, ERROR_KILLED);
        test_equal(swap_sleeper.wrong, 0);
    }
    swapper_quiet_set(false);
}
