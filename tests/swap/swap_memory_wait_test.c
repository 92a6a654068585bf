/* Swapped-out threads that wake when memory is gone: they wait for memory and lose nothing. */
#include "arch/x86_64/cpu/percpu.h"
#include "lib/error.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/support/memory_exhaust.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define SLEEPERS_MOST 400
#define PATTERN_WORDS 20

static struct {
    struct semaphore go, surface;
    uint32_t asleep, awake, wrong, waited;
    unsigned count;
    struct thread *threads[SLEEPERS_MOST];
} waiters;

static uint64_t word_of(uint64_t seed, unsigned i)
{
    return (seed + 1) * 0x9e3779b97f4a7c15 + i;
}

static void memory_waiter_hold(void *argument)
{
    volatile uint64_t pattern[PATTERN_WORDS];
    uint64_t seed = (uintptr_t)argument;
    for (unsigned i = 0; i < PATTERN_WORDS; i++) {
        pattern[i] = word_of(seed, i);
    }
    test_count(&waiters.asleep);
    semaphore_down(&waiters.go);
    test_count(&waiters.awake);
    semaphore_down(&waiters.surface); /* keeps what it got */
    for (unsigned i = 0; i < PATTERN_WORDS; i++) {
        if (pattern[i] != word_of(seed, i)) {
            test_count(&waiters.wrong);
        }
    }
}

static bool all_blocked(void)
{
    for (unsigned i = 0; i < waiters.count; i++) {
        if (!test_wait_blocked(waiters.threads[i])) {
            return false;
        }
    }
    return true;
}

/* Fully backed, and more urgent, so that it goes on when no other thread can. */
static void driver(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    struct stack_swap_counts before, after;
    if (!test_wait_until(&waiters.asleep, waiters.count, "not all sleep") || !all_blocked()) {
        return;
    }
    stack_swap_counts_read(&before);
    test_check(swapper_pass(NULL, SWAPPER_SWAP) >= waiters.count);
    memory_exhaust(&taken); /* takes the frames of standby pages, too */
    (void)stack_standby_free(UINT32_MAX);
    /*
     * Check all of them before one is woken: the thread checked last may not be the first to sleep.
     */
    for (unsigned i = 0; i < waiters.count; i++) {
        test_equal(stack_missing(waiters.threads[i]->slot), STACK_PAGES);
    }
    for (unsigned i = 0; i < waiters.count; i++) {
        semaphore_up(&waiters.go);
    }
    test_eventually((waiters.waited = memory_queued()) != 0,
                    "no thread waits for memory, and %u are awake", test_counted(&waiters.awake));
    memory_give(&taken, SIZE_MAX);
    (void)test_wait_until(&waiters.awake, waiters.count, "not all came back");
    stack_swap_counts_read(&after);
    test_check(after.swapped_in - before.swapped_in >= waiters.count);
    for (unsigned i = 0; i < waiters.count; i++) {
        semaphore_up(&waiters.surface);
    }
}

TEST(SWP0015,
     "swapped-out threads that wake at zero memory wait for it, and come back with every byte",
     GATE)
{
    const struct thread_options directing = {
        .name = "driver", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    /* More than the magazines and the reserve hold pages for. */
    unsigned frames = stack_reserve_capacity() + cpu_online_count() * this_cpu(magazine).capacity;
    waiters.count = frames + 40 < SLEEPERS_MOST ? frames + 40 : SLEEPERS_MOST;
    waiters.asleep = waiters.awake = waiters.wrong = waiters.waited = 0;
    semaphore_init(&waiters.go, 0);
    semaphore_init(&waiters.surface, 0);
    swapper_quiet_set(true);
    for (unsigned i = 0; i < waiters.count; i++) {
        waiters.threads[i] =
            test_thread_start(THREAD_PRIORITY_DEFAULT, 0, memory_waiter_hold, (void *)(uintptr_t)i);
        if (waiters.threads[i] == NULL) {
            waiters.count = i;
        }
    }
    test_thread_join(test_thread_create(&directing, driver, NULL));
    for (unsigned i = 0; i < waiters.count; i++) {
        test_thread_join(waiters.threads[i]);
    }
    swapper_quiet_set(false);
    test_note("%u threads, at least %u of them waited for memory", waiters.count, waiters.waited);
    test_equal(waiters.wrong, 0);
}
