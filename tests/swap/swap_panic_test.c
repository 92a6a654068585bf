/* A thread lends a pointer to its stack and sleeps without saying so. */
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/panic.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static struct {
    struct semaphore never;
    volatile uint32_t *lent;
    bool pin;
} lie;

static void liar(void *argument maybe_unused)
{
    volatile uint32_t on_stack = 1;
    lie.lent = &on_stack;
    if (lie.pin) {
        thread_stack_pin();
    }
    semaphore_down(&lie.never);
    lie.lent = NULL;
    if (lie.pin) {
        thread_stack_unpin();
    }
}

static struct thread *liar_swapped(void)
{
    const struct thread_options options = {.name = "liar", .priority = THREAD_PRIORITY_DEFAULT};
    struct thread *thread;
    semaphore_init(&lie.never, 0);
    if (thread_create(&options, liar, NULL, &thread) != OK || !test_wait_blocked(thread)) {
        panic("no thread for the test");
    }
    (void)swapper_pass(thread, SWAPPER_SWAP);
    return thread;
}

TEST(PAN0060, "a lent pointer into a taken stack page is reported with thread and wait", DEATH)
{
    (void)liar_swapped();
    *lie.lent = 2;
}

TEST(PAN0061, "a lent pointer into a swapped-out stack is reported with thread and wait", DEATH)
{
    (void)liar_swapped();
    (void)stack_standby_free(UINT32_MAX);
    *lie.lent = 2;
}

TEST(PAN0062, "a write to a taken page by another address is found when the page comes back", DEATH)
{
    const struct thread *thread = liar_swapped();
    uint64_t entry = stack_entries(thread->slot)[STACK_PAGES - 1];
    uint32_t *alias =
        physical_to_virtual(stack_entry_frame(entry) + ((uintptr_t)lie.lent & (PAGE_BYTES - 1)));
    if (!stack_entry_is(entry, STACK_PAGE_STANDBY)) {
        panic("the page is not taken");
    }
    *alias = 2;
    semaphore_up(&lie.never);
}

TEST(SWP0004, "a thread that declares a lent pointer keeps the page to which it points", ALWAYS)
{
    lie.pin = true;
    swapper_quiet_set(true);
    struct thread *thread = liar_swapped();
    test_equal(stack_missing(thread->slot), STACK_PAGES - 1);
    test_equal(*lie.lent, 1);
    *lie.lent = 2;
    semaphore_up(&lie.never);
    thread_join(thread);
    swapper_quiet_set(false);
    lie.pin = false;
}
