/* The pages that the swapper takes from a sleeping thread, and the thread when it wakes. */
#include "kernel/options.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/heap/slab.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_slot.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_pass.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/bench/macro.h"
#include "tests/support/eventually.h"
#include "tests/support/threads.h"
#include "tests/swap/swap_fixture.h"
#include "tests/test.h"

TEST(SWP0001, "the swapper takes the pages below a sleeping thread's stack pointer", ALWAYS)
{
    struct thread *thread = swap_sleeper_start(false);
    if (thread == NULL) {
        return;
    }
    test_equal(stack_pages_backed(thread->slot), STACK_PAGES);
    test_equal(swapper_pass(thread, SWAPPER_SHRINK), 1);
    test_equal(stack_pages_backed(thread->slot), 1);
    test_equal(stack_missing(thread->slot), 3);
    test_equal(stack_pages_standby(thread->slot), 3);
    test_check(stack_standby_free(UINT32_MAX) >= 3);
    test_equal(stack_pages_standby(thread->slot), 0);
    test_check(stack_holes_are_one(thread->slot));
    test_equal(swapper_pass(thread, SWAPPER_SHRINK), 0);
    swap_sleeper_wake(thread);
    test_equal(swap_sleeper.pages_awake, swap_pages_on_waking(1));
    test_equal(stack_pages_backed(thread->slot), STACK_PAGES); /* it went deep again */
    swap_sleeper_end(thread);
}

TEST(SWP0002, "standby pages that are not in other use yet come back as they were", ALWAYS)
{
    struct thread *thread = swap_sleeper_start(false);
    if (thread == NULL) {
        return;
    }
    struct stack_swap_counts before, after;
    uint64_t frames[STACK_PAGES];
    stack_swap_counts_read(&before);

    for (unsigned page = 0; page < STACK_PAGES; page++) {
        frames[page] = stack_entry_frame(stack_entries(thread->slot)[page]);
    }
    test_equal(swapper_pass(thread, SWAPPER_SWAP), 1);
    test_equal(stack_missing(thread->slot), STACK_PAGES);
    test_equal(stack_pages_standby(thread->slot), STACK_PAGES);
    test_check((thread->pending & THREAD_PENDING_SWAPPED) != 0);
    swap_sleeper_wake(thread);
    test_equal(swap_sleeper.pages_awake, STACK_PAGES);
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        test_equal(stack_entry_frame(stack_entries(thread->slot)[page]), frames[page]);
        test_equal(frame_owner_of(frames[page]), FRAME_OWNER_STACK);
    }
    stack_swap_counts_read(&after);
    test_check(after.returned - before.returned >= STACK_PAGES);
    test_equal(after.swapped_in, before.swapped_in);
    swap_sleeper_end(thread);
}

TEST(SWP0003, "a thread that is swapped out finds every byte at its address when it wakes", ALWAYS)
{
    struct thread *thread = swap_sleeper_start(false);
    if (thread == NULL) {
        return;
    }
    struct stack_swap_counts before, after;
    stack_swap_counts_read(&before);
    for (unsigned round = 0; round < 20; round++) {
        test_equal(swapper_pass(thread, SWAPPER_SWAP), 1);
        test_check(stack_standby_free(UINT32_MAX) >= STACK_PAGES);
        test_equal(stack_missing(thread->slot), STACK_PAGES);
        test_check(
            stack_entry_is(stack_entries(thread->slot)[STACK_PAGES - 1], STACK_PAGE_SWAPPED));
        swap_sleeper_wake(thread);
        test_equal(swap_sleeper.pages_awake, swap_pages_on_waking(0));
    }
    stack_swap_counts_read(&after);
    test_check(after.swapped_in - before.swapped_in >= 20);
    swap_sleeper_end(thread);
}

/* The frames of the caches of a name. */
static size_t cache_frames(const char *name)
{
    struct slab_statistics statistics;
    size_t frames = 0;
    for (unsigned i = 0; slab_statistics_read(i, &statistics); i++) {
        frames += strcmp(statistics.name, name) == 0 ? statistics.frames : 0;
    }
    return frames;
}

/* The frames of stacks, of the bytes that are saved of them, and of what stands for one. */
static size_t stack_memory_by_parts(void)
{
    size_t frames =
        stack_tables_made() + cache_frames("saved stack") + cache_frames("stack handoff");
    for (unsigned owner = FRAME_OWNER_STACK; owner <= FRAME_OWNER_RESERVE; owner++) {
        frames += frame_owned_count(owner);
    }
    return frames;
}

TEST(SWP0033, "the stack memory of scenarios has the saved bytes of stacks that are swapped out",
     ALWAYS)
{
    struct thread *thread = swap_sleeper_start(false);
    if (thread == NULL) {
        return;
    }
    test_equal(swapper_pass(thread, SWAPPER_SWAP), 1);
    test_check(cache_frames("saved stack") >= 1);
    test_eventually(macro_stack_pages() == stack_memory_by_parts(), "%zu pages instead of %zu",
                    macro_stack_pages(), stack_memory_by_parts());
    swap_sleeper_end(thread);
}

#define BOUNCE_AGE_MS 200
#define BOUNCES_MOST  20

/* Waits until the swapper, by age alone, has taken all but the top page. */
static void await_shrunk(const struct thread *thread)
{
    test_eventually(stack_pages_backed(thread->slot) == 1, "a sleeping thread keeps %u pages",
                    stack_pages_backed(thread->slot));
}

TEST(SWP0005, "a thread that goes deep at each wake is shrunk less and less often", ALWAYS)
{
    struct swapper_counts before, after;
    swapper_counts_read(&before);
    struct thread *thread = swap_sleeper_start(false);
    if (thread == NULL) {
        return;
    }
    swapper_ages_set(BOUNCE_AGE_MS, 0);
    swapper_quiet_set(false);
    unsigned round = 0;
    for (; round < BOUNCES_MOST && thread->shrink_backoff < 2; round++) {
        await_shrunk(thread);
        (void)stack_standby_free(UINT32_MAX);
        swap_sleeper_wake(thread); /* goes deep, and sleeps again */
    }
    test_check(thread->shrink_backoff >= 2);
    await_shrunk(thread); /* it is shrunk in the end */
    swapper_counts_read(&after);
    test_check(after.spared > before.spared);
    swapper_ages_set(options.shrink_age_ms, options.swap_age_ms);
    swap_sleeper_end(thread);
}

#define SLEEPERS 24

static struct semaphore sleepers_wake;
static uint32_t sleepers_ready;

/* Goes down its whole stack and sleeps. */
static void sleeper_run(void *argument maybe_unused)
{
    *(volatile char *)stack_floor(thread_current()->slot) = 1;
    test_count(&sleepers_ready);
    semaphore_down(&sleepers_wake);
}

TEST(SWP0031, "the swapper takes pages from no more than twelve threads with interrupts off",
     ALWAYS)
{
    struct thread *sleepers[SLEEPERS];
    struct swapper_counts counts;
    uint32_t taken = 0;

    swapper_quiet_set(true);
    semaphore_init(&sleepers_wake, 0);
    sleepers_ready = 0;
    for (unsigned i = 0; i < SLEEPERS; i++) {
        sleepers[i] = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, sleeper_run, NULL);
    }
    test_wait_until(&sleepers_ready, SLEEPERS, "sleepers");
    for (unsigned i = 0; i < SLEEPERS; i++) {
        test_wait_blocked(sleepers[i]);
    }
    taken = swapper_pass(NULL, SWAPPER_SHRINK);
    swapper_counts_read(&counts);
    for (unsigned i = 0; i < SLEEPERS; i++) {
        semaphore_up(&sleepers_wake);
    }
    for (unsigned i = 0; i < SLEEPERS; i++) {
        test_thread_join(sleepers[i]);
    }
    swapper_quiet_set(false);
    test_check(taken >= SLEEPERS);
    test_check(counts.at_once > 0 && counts.at_once <= SWAPPER_TAKES_AT_ONCE);
}
