/* Ensured depth and the swapper: the swapper takes nothing of a stack until it is released. */
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_large.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/stack_reservation.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/support/large_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define SIZE_BYTES   (256 * 1024)
#define DEPTH_BYTES  (100 * 1024)
#define SMALL_BYTES  (10 * 1024)
#define WORD(offset) (0x5eed000000000000 + (offset))

/* One thread that ensures depth, sleeps, releases it, sleeps, and begins anew. */
static struct {
    struct semaphore wake;
    size_t bytes;
    uint32_t wrong;
    volatile bool over;
} holder;

static uintptr_t deepest(void)
{
    return align_down(stack_top(thread_current()->slot) - holder.bytes, sizeof(uint64_t));
}

static void hold(void *argument maybe_unused)
{
    while (!holder.over) {
        if (stack_ensure(holder.bytes) != OK) {
            holder.wrong++;
        }
        *(volatile uint64_t *)deepest() = WORD(holder.bytes);
        semaphore_down(&holder.wake);
        holder.wrong += *(volatile uint64_t *)deepest() != WORD(holder.bytes);
        stack_release();
        /* With stack=lend a page that is not touched may be gone before the swapper looks. */
        *(volatile char *)stack_floor(thread_current()->slot) = 1;
        semaphore_down(&holder.wake);
    }
}

static struct thread *holder_start(size_t stack_bytes, size_t bytes)
{
    semaphore_init(&holder.wake, 0);
    holder.bytes = bytes;
    holder.wrong = 0;
    holder.over = false;
    swapper_quiet_set(true);
    struct thread *thread = start_on_stack("holder", stack_bytes, hold, NULL);
    if (thread != NULL) {
        (void)test_wait_blocked(thread);
    }
    return thread;
}

static void holder_end(struct thread *thread)
{
    holder.over = true;
    semaphore_up(&holder.wake);
    semaphore_up(&holder.wake);
    test_equal(test_thread_join(thread), 0);
    swapper_quiet_set(false);
    test_equal(holder.wrong, 0);
}

static void step(struct thread *thread)
{
    semaphore_up(&holder.wake);
    (void)test_wait_blocked(thread);
}

static void hold_check(size_t stack_bytes, size_t bytes)
{
    struct thread *thread = holder_start(stack_bytes, bytes);
    if (thread == NULL) {
        return;
    }
    for (unsigned round = 0; round < 3; round++) {
        uint32_t backed = stack_pages_backed(thread->slot);
        test_check(backed >= bytes / PAGE_BYTES);
        test_equal(swapper_pass(thread, SWAPPER_SHRINK), 0);
        test_equal(swapper_pass(thread, SWAPPER_SWAP), 0);
        test_equal(stack_pages_backed(thread->slot), backed);
        step(thread); /* it releases, and sleeps */
        test_check(stack_pages_backed(thread->slot) <= STACK_PAGES);
        test_equal(swapper_pass(thread, SWAPPER_SHRINK), 1);
        test_equal(stack_pages_backed(thread->slot), 1);
        test_equal(swapper_pass(thread, SWAPPER_SWAP), 1);
        test_equal(stack_pages_backed(thread->slot), 0);
        (void)stack_standby_free(UINT32_MAX);
        test_equal(stack_missing(thread->slot), STACK_PAGES);
        step(thread); /* it comes back, and ensures again */
    }
    holder_end(thread);
}

TEST(LRG0130, "the swapper takes nothing of a large stack until what was ensured is released",
     STACKS_GROW)
{
    hold_check(SIZE_BYTES, DEPTH_BYTES);
}

TEST(LRG0131, "the swapper takes nothing of a 16 KiB stack until what was ensured is released",
     ALWAYS)
{
    hold_check(STACK_BYTES, SMALL_BYTES);
}
