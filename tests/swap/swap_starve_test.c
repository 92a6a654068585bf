/* Swapped-out threads that wake when memory is gone: they starve like others, and lose nothing. */
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
    uint32_t asleep, awake, wrong, starved;
    unsigned count;
    struct thread *threads[SLEEPERS_MOST];
} hungry;

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
    test_count(&hungry.asleep);
    semaphore_down(&hungry.go);
    test_count(&hungry.awake);
    semaphore_down(&hungry.surface); /* keeps what it got */
    for (unsigned i = 0; i < PATTERN_WORDS; i++) {
        if (pattern[i] != word_of(seed, i)) {
            test_count(&hungry.wrong);
        }
    }
}

static bool all_blocked(void)
{
    for (unsigned i = 0; i < hungry.count; i++) {
        if (!test_wait_blocked(hungry.threads[i])) {
            return false;
        }
    }
    return true;
}

/* Fully backed, and more urgent: it goes on when nobody else can. */
static void driver(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    struct stack_swap_counts before, after;
    if (!test_wait_until(&hungry.asleep, hungry.count, "not all sleep") || !all_blocked()) {
        return;
    }
    stack_swap_counts_read(&before);
    test_check(swapper_pass(NULL, SWAPPER_SWAP) >= hungry.count);
    memory_exhaust(&taken); /* the frames of taken pages, too: the allocator demands them */
    (void)stack_standby_free(UINT32_MAX);
    /* All of them before one is woken: it need not be the one looked at last. */
    for (unsigned i = 0; i < hungry.count; i++) {
        test_equal(stack_missing(hungry.threads[i]->slot), STACK_PAGES);
    }
    for (unsigned i = 0; i < hungry.count; i++) {
        semaphore_up(&hungry.go);
    }
    test_eventually((hungry.starved = memory_queued()) != 0, "nobody starves, and %u are awake",
                    test_counted(&hungry.awake));
    memory_give(&taken, SIZE_MAX);
    (void)test_wait_until(&hungry.awake, hungry.count, "not all came back");
    stack_swap_counts_read(&after);
    test_check(after.swapped_in - before.swapped_in >= hungry.count);
    for (unsigned i = 0; i < hungry.count; i++) {
        semaphore_up(&hungry.surface);
    }
}

TEST(SWP0015, "swapped-out threads that wake at zero memory starve, and come back with every byte",
     GATE)
{
    const struct thread_options directing = {
        .name = "driver", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    /* More than the magazines and the reserve have pages for. */
    unsigned frames = stack_reserve_capacity() + cpu_online_count() * this_cpu(magazine).capacity;
    hungry.count = frames + 40 < SLEEPERS_MOST ? frames + 40 : SLEEPERS_MOST;
    hungry.asleep = hungry.awake = hungry.wrong = hungry.starved = 0;
    semaphore_init(&hungry.go, 0);
    semaphore_init(&hungry.surface, 0);
    swapper_quiet_set(true);
    for (unsigned i = 0; i < hungry.count; i++) {
        hungry.threads[i] =
            test_thread_start(THREAD_PRIORITY_DEFAULT, 0, memory_waiter_hold, (void *)(uintptr_t)i);
        if (hungry.threads[i] == NULL) {
            hungry.count = i;
        }
    }
    test_thread_join(test_thread_create(&directing, driver, NULL));
    for (unsigned i = 0; i < hungry.count; i++) {
        test_thread_join(hungry.threads[i]);
    }
    swapper_quiet_set(false);
    test_note("%u threads, at least %u of them starved", hungry.count, hungry.starved);
    test_equal(hungry.wrong, 0);
}
