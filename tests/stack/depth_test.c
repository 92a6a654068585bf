/* The depth of a stack is found without bringing a page in. */
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_depth.h"
#include "sched/core/wait_queue.h"
#include "tests/support/cache_settings.h"
#include "tests/support/threads.h"
#include "tests/test.h"

/* A thread that dives, comes up again, and waits while the test reads its depth. */
static struct {
    struct spinlock lock;
    struct wait_queue queue;
    bool dived, over;
    size_t bytes;
} diver;

static void diver_run(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    stack_trim(slot, stack_top(slot) - PAGE_BYTES);
    *(volatile uint64_t *)(stack_top(slot) - diver.bytes) = 1;

    uint64_t flags = spin_lock_irq_save(&diver.lock);
    diver.dived = true;
    wait_queue_wake_all(&diver.queue);
    while (!diver.over) {
        ignore_result(wait_queue_sleep(&diver.queue, &diver.lock, WAIT_FOREVER));
    }
    spin_unlock_irq_restore(&diver.lock, flags);
}

static void diver_wait(const bool *condition)
{
    uint64_t flags = spin_lock_irq_save(&diver.lock);
    while (!*condition) {
        ignore_result(wait_queue_sleep(&diver.queue, &diver.lock, WAIT_FOREVER));
    }
    spin_unlock_irq_restore(&diver.lock, flags);
}

static struct thread *diver_start(size_t bytes)
{
    spinlock_init(&diver.lock, "diver");
    wait_queue_init(&diver.queue);
    diver.dived = diver.over = false;
    diver.bytes = bytes;
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, diver_run, NULL);
    if (thread != NULL) {
        diver_wait(&diver.dived);
    }
    return thread;
}

static void diver_end(struct thread *thread)
{
    uint64_t flags = spin_lock_irq_save(&diver.lock);
    diver.over = true;
    wait_queue_wake_all(&diver.queue);
    spin_unlock_irq_restore(&diver.lock, flags);
    thread_join(thread);
}

TEST(DEP0001,
     "the deepest word of a blocked thread's stack is found, and the search brings no page in",
     ALWAYS)
{
    static const size_t depths[] = {6000, 9000, 12400, STACK_BYTES - 8};
    /* Each diver gets a fresh stack: one from the cache or the depot has its last owner's words. */
    cache_settings_keep();
    stack_cache_size_set(0);
    test_thread_bind(0, 20);
    cache_empty();
    for (size_t i = 0; i < array_length(depths); i++) {
        size_t depth = align_up(depths[i], 8);
        struct thread *thread = diver_start(depth);
        if (thread == NULL) {
            break;
        }
        uint32_t backed = stack_pages_backed(thread->slot);
        test_equal(stack_depth_scan(thread->slot), depth);
        if (stack_mode_get() == STACK_MODE_FAULT) {
            test_equal(backed, align_up(depth, PAGE_BYTES) / PAGE_BYTES);
        }
        test_equal(stack_pages_backed(thread->slot), backed);
        diver_end(thread);
    }
    test_thread_unbind();
    cache_settings_put_back();
}

TEST(DEP0002, "a thread's end is counted in the histogram, by the pages it had", ALWAYS)
{
    struct stack_depth_histogram before, after;
    stack_depth_histogram_read(&before);
    struct thread *thread = diver_start(3 * PAGE_BYTES + 8);
    if (thread == NULL) {
        return;
    }
    diver_end(thread);
    stack_depth_histogram_read(&after);
    test_check(after.by_pages[STACK_PAGES] > before.by_pages[STACK_PAGES]);
    if (stack_depth_is_exact()) {
        unsigned bucket = (3 * PAGE_BYTES + 8) / STACK_DEPTH_BUCKET_BYTES;
        test_check(after.exact[bucket] > before.exact[bucket]);
    }
}
