/* The swapper: shrinking, swapping, and wake-ups that race with both (sched/rest.h). */
#include "arch/x86_64/cpu.h"
#include "kernel/options.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/stack.h"
#include "mm/stack_depth.h"
#include "mm/stack_swap.h"
#include "sched/rest.h"
#include "sched/semaphore.h"
#include "sched/stack_hold.h"
#include "sched/swapper.h"
#include "sched/thread_trace.h"
#include "tests/test.h"
#include "tests/threads.h"

#define DEEP_BYTES       (2 * PAGE_BYTES + 512)
#define PATTERN_BYTES    200
#define WAKE_PATIENCE_NS 10000000000UL /* so that a wake-up that is lost is told */

/* One sleeper: its thread goes deep, comes back, and waits with a pattern on its stack. */
static struct {
    struct semaphore wake, done;
    uint32_t rounds, wrong;
    uint32_t pages_awake; /* as it found its stack when it woke */
    bool timed;
    bool over;
    int error;
} sleeper;

/* Touches its stack so far below its top, as deep calls would. */
static void go_deep(void)
{
    *(volatile char *)(stack_top(thread_current()->slot) - DEEP_BYTES) = 1;
}

static never_inline void sleep_with_pattern(uint32_t round)
{
    volatile uint8_t pattern[PATTERN_BYTES];
    for (unsigned i = 0; i < PATTERN_BYTES; i++) {
        pattern[i] = (uint8_t)(i * 7 + round);
    }
    sleeper.error = OK;
    if (sleeper.timed) {
        sleeper.error = semaphore_down_timed(&sleeper.wake, WAIT_FOREVER);
    } else {
        semaphore_down(&sleeper.wake);
    }
    sleeper.pages_awake = stack_pages_backed(thread_current()->slot);
    for (unsigned i = 0; i < PATTERN_BYTES; i++) {
        sleeper.wrong += pattern[i] != (uint8_t)(i * 7 + round);
    }
}

static void sleeper_run(void *argument maybe_unused)
{
    while (!sleeper.over) {
        go_deep();
        sleep_with_pattern(sleeper.rounds);
        sleeper.rounds++;
        semaphore_up(&sleeper.done);
        if (sleeper.error == ERROR_KILLED) {
            return;
        }
    }
}

static bool swapper_absent(void)
{
    if (swapper_low_water == 0) {
        test_skip("stacks are not filled by faults");
        return true;
    }
    return false;
}

static struct thread *sleeper_start(bool timed)
{
    memset(&sleeper, 0, sizeof(sleeper));
    semaphore_init(&sleeper.wake, 0);
    semaphore_init(&sleeper.done, 0);
    sleeper.timed = timed;
    swapper_quiet_set(true);
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, sleeper_run, NULL);
    (void)test_wait_blocked(thread);
    return thread;
}

static void sleeper_end(struct thread *thread)
{
    sleeper.over = true;
    semaphore_up(&sleeper.wake);
    test_thread_join(thread);
    swapper_quiet_set(false);
    test_equal(sleeper.wrong, 0);
}

static void sleeper_wake(struct thread *thread)
{
    semaphore_up(&sleeper.wake);
    semaphore_down(&sleeper.done);
    (void)test_wait_blocked(thread);
}

TEST(SWP0001, "the swapper takes the pages below a sleeping thread's stack pointer")
{
    if (swapper_absent()) {
        return;
    }
    struct thread *thread = sleeper_start(false);
    if (thread == NULL) {
        return;
    }
    uint32_t deep = stack_pages_backed(thread->slot);
    test_check(deep >= 3); /* a stack from the cache may have had 4 */
    test_equal(swapper_pass(thread, SWAPPER_SHRINK), 1);
    test_equal(stack_pages_backed(thread->slot), 1);
    test_equal(stack_missing(thread->slot), 3);
    test_equal(stack_pages_taken(thread->slot), deep - 1);
    test_check(stack_taken_free(UINT32_MAX) >= deep - 1);
    test_equal(stack_pages_taken(thread->slot), 0);
    test_check(stack_holes_are_one(thread->slot));
    test_equal(swapper_pass(thread, SWAPPER_SHRINK), 0);
    sleeper_wake(thread);
    test_equal(sleeper.pages_awake, 1);
    test_equal(stack_pages_backed(thread->slot), 3); /* it went deep again */
    sleeper_end(thread);
}

TEST(SWP0002, "pages that were taken and are nobody's yet come back as they were")
{
    if (swapper_absent()) {
        return;
    }
    struct thread *thread = sleeper_start(false);
    if (thread == NULL) {
        return;
    }
    struct stack_swap_counts before, after;
    uint64_t frames[STACK_PAGES];
    stack_swap_counts_read(&before);

    uint32_t pages = stack_pages_backed(thread->slot);
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        frames[page] = stack_entries(thread->slot)[page] & PAGE_ADDRESS_MASK;
    }
    test_equal(swapper_pass(thread, SWAPPER_SWAP), 1);
    test_equal(stack_missing(thread->slot), STACK_PAGES);
    test_equal(stack_pages_taken(thread->slot), pages);
    test_check((thread->attention & THREAD_ATTENTION_SWAPPED) != 0);
    sleeper_wake(thread);
    test_equal(sleeper.pages_awake, pages);
    for (unsigned page = STACK_PAGES - pages; page < STACK_PAGES; page++) {
        test_equal(stack_entries(thread->slot)[page] & PAGE_ADDRESS_MASK, frames[page]);
        test_equal(frame_owner_of(frames[page]), FRAME_OWNER_STACK);
    }
    stack_swap_counts_read(&after);
    test_check(after.returned - before.returned >= pages);
    test_equal(after.swapped_in, before.swapped_in);
    sleeper_end(thread);
}

TEST(SWP0003, "a thread that is swapped out finds every byte at its address when it wakes")
{
    if (swapper_absent()) {
        return;
    }
    struct thread *thread = sleeper_start(false);
    if (thread == NULL) {
        return;
    }
    struct stack_swap_counts before, after;
    stack_swap_counts_read(&before);
    for (unsigned round = 0; round < 20; round++) {
        test_equal(swapper_pass(thread, SWAPPER_SWAP), 1);
        test_check(stack_taken_free(UINT32_MAX) >= 3);
        test_equal(stack_missing(thread->slot), STACK_PAGES);
        test_check(
            stack_entry_is(stack_entries(thread->slot)[STACK_PAGES - 1], STACK_PAGE_SWAPPED));
        sleeper_wake(thread);
        test_equal(sleeper.pages_awake, 1);
    }
    stack_swap_counts_read(&after);
    test_check(after.swapped_in - before.swapped_in >= 20);
    sleeper_end(thread);
}

#define BOUNCE_AGE_MS 200
#define BOUNCES_MOST  20

/* Until the swapper, by age alone, has taken all but the top page; not for ever. */
static bool await_shrunk(const struct thread *thread)
{
    for (unsigned step = 0; step < 5000 && stack_pages_backed(thread->slot) > 1; step++) {
        (void)!thread_sleep_ns(4000000);
    }
    return stack_pages_backed(thread->slot) == 1;
}

TEST(SWP0005, "a thread that goes deep at each wake is shrunk less and less often")
{
    if (swapper_absent()) {
        return;
    }
    struct swapper_counts before, after;
    swapper_counts_read(&before);
    struct thread *thread = sleeper_start(false);
    if (thread == NULL) {
        return;
    }
    swapper_ages_set(BOUNCE_AGE_MS, 0);
    swapper_quiet_set(false);
    unsigned round = 0;
    for (; round < BOUNCES_MOST && thread->shrink_backoff < 2; round++) {
        test_check(await_shrunk(thread));
        (void)stack_taken_free(UINT32_MAX);
        sleeper_wake(thread); /* goes deep, and sleeps again */
    }
    test_check(thread->shrink_backoff >= 2);
    test_check(await_shrunk(thread)); /* in the end all the same */
    swapper_counts_read(&after);
    test_check(after.spared > before.spared);
    swapper_ages_set(options.shrink_age_ms, options.swap_age_ms);
    sleeper_end(thread);
}

static void ensurer_run(void *argument maybe_unused)
{
    sleeper.error = stack_ensure(2 * PAGE_BYTES);
    semaphore_up(&sleeper.done);
    semaphore_down(&sleeper.wake);
    if (sleeper.error == OK) {
        stack_release();
    }
    semaphore_up(&sleeper.done);
    semaphore_down(&sleeper.wake);
}

TEST(SWP0006, "nobody takes from a stack whose thread asked for depth, until it gives it back")
{
    if (swapper_absent()) {
        return;
    }
    memset(&sleeper, 0, sizeof(sleeper));
    semaphore_init(&sleeper.wake, 0);
    semaphore_init(&sleeper.done, 0);
    swapper_quiet_set(true);
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, ensurer_run, NULL);
    if (thread != NULL) {
        semaphore_down(&sleeper.done);
        (void)test_wait_blocked(thread);
        test_equal(sleeper.error, OK);
        uint32_t pages = stack_pages_backed(thread->slot);
        test_check(pages >= 3);
        test_equal(swapper_pass(thread, SWAPPER_SWAP), 0);
        test_equal(stack_pages_backed(thread->slot), pages);
        semaphore_up(&sleeper.wake);
        semaphore_down(&sleeper.done);
        (void)test_wait_blocked(thread);
        test_equal(swapper_pass(thread, SWAPPER_SWAP), 1);
        test_equal(stack_pages_backed(thread->slot), 0);
        semaphore_up(&sleeper.wake);
    }
    test_thread_join(thread);
    swapper_quiet_set(false);
}

/* What is done to the thread, from where. */
static struct {
    enum swapper_step at;
    void (*act)(struct thread *thread);
} race;

static void act_wake(struct thread *thread maybe_unused)
{
    semaphore_up(&sleeper.wake);
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

/* Everything that looks at threads and their stacks, and brings nothing in. */
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

/* The thread wakes at each step of each kind of pass, and must be as it was. */
static void race_run(enum swapper_take take, void (*act)(struct thread *), bool wakes)
{
    struct thread *thread = sleeper_start(false);
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
            (void)stack_taken_free(UINT32_MAX);
        }
        if (!wakes) {
            semaphore_up(&sleeper.wake);
        }
        if (semaphore_down_timed(&sleeper.done, WAKE_PATIENCE_NS) != OK) {
            test_fail(__FILE__, __LINE__, "the sleeper was woken at step %u, and sleeps on",
                      race.at);
            return; /* nobody could join it */
        }
        test_equal(sleeper.rounds, round + 1);
        (void)test_wait_blocked(thread);
    }
    sleeper_end(thread);
}

TEST(SWP0014, "backtraces, depth readers and scanners at every step bring nothing in")
{
    if (swapper_absent()) {
        return;
    }
    for (unsigned round = 0; round < 2; round++) {
        struct thread *thread = sleeper_start(false);
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
            sleeper_wake(thread);
        }
        swapper_step_hook = NULL;
        (void)swapper_pass(thread, SWAPPER_SWAP);
        (void)stack_taken_free(UINT32_MAX);
        act_scan(thread);
        test_equal(stack_missing(thread->slot), STACK_PAGES);
        sleeper_end(thread);
    }
}

TEST(SWP0010, "a wake-up at every step of shrinking a stack is not lost")
{
    if (!swapper_absent()) {
        race_run(SWAPPER_SHRINK, act_wake, true);
    }
}

TEST(SWP0011, "a wake-up at every step of swapping a stack out is not lost")
{
    if (!swapper_absent()) {
        race_run(SWAPPER_SWAP, act_wake, true);
    }
}

TEST(SWP0012, "a change of priority and affinity at every step leaves a resting thread where it is")
{
    if (!swapper_absent()) {
        race_run(SWAPPER_SWAP, act_priority, false);
    }
}

TEST(SWP0013, "a thread that is killed at any step of swapping it out dies as it should")
{
    if (swapper_absent()) {
        return;
    }
    for (unsigned round = 0; round < 4 * SWAPPER_STEPS; round++) {
        struct thread *thread = sleeper_start(true);
        if (thread == NULL) {
            return;
        }
        /* In the last round of steps not before it is out, and its frames are others'. */
        bool out = round >= 3 * SWAPPER_STEPS;
        race.act = act_kill;
        race.at = (enum swapper_step)(round % SWAPPER_STEPS);
        swapper_step_hook = out ? NULL : swap_step_act;
        (void)swapper_pass(thread, SWAPPER_SWAP);
        swapper_step_hook = NULL;
        if (out) {
            (void)stack_taken_free(UINT32_MAX);
            test_equal(stack_missing(thread->slot), STACK_PAGES);
            act_priority(thread);
            test_equal(stack_missing(thread->slot), STACK_PAGES);
            thread_kill(thread);
        }
        test_thread_join(thread);
        test_equal(sleeper.rounds, 1);
        test_equal(sleeper.error, ERROR_KILLED);
        test_equal(sleeper.wrong, 0);
    }
    swapper_quiet_set(false);
}
