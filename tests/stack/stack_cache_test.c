/* The caches of whole stacks, and the page-table entries of stack pages and guards. */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_depth.h"
#include "mm/stack/stack_mode.h"
#include "tests/support/cache_settings.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define ROUNDS       20
#define DEAD_THREADS (STACK_CACHE_MAX + 2)
#define BURST        8

/* A thread's view of its stack as it began, and the faults of a touch two pages down. */
static struct {
    uint32_t slot;
    uint32_t pages;
    uint64_t faults;
    char found;
} seen;

static void touch_and_tell(void *argument)
{
    uint64_t flags = interrupts_save();
    const struct magazine *own = this_cpu_pointer(magazine);
    seen.slot = thread_current()->slot;
    seen.pages = stack_pages_backed(seen.slot);
    uint64_t faults = own->faults[1] + own->faults[2] + own->faults[3];
    volatile char *deep = (volatile char *)stack_top(seen.slot) - 2 * PAGE_BYTES - 100;
    seen.found = *deep;
    *deep = (char)(uintptr_t)argument;
    seen.faults = own->faults[1] + own->faults[2] + own->faults[3] - faults;
    interrupts_restore(flags);
}

/* Runs two threads one after the other: did the second get the stack of the first as it was? */
static bool stack_is_reused(char pattern)
{
    test_thread_join(
        test_thread_start(16, test_cpu_bit(0), touch_and_tell, (void *)(uintptr_t)pattern));
    uint32_t slot = seen.slot;
    test_thread_join(test_thread_start(16, test_cpu_bit(0), touch_and_tell, NULL));
    return seen.slot == slot && seen.pages >= 3 && seen.faults == 0 && seen.found == pattern;
}

TEST(CAC0001, "a stack left partly filled is reused as it is: same pages, no fault, same bytes",
     DEPTH_PAGE)
{
    uint32_t round = 0;
    test_missing_sites_expect();
    cache_settings_keep();
    stack_cache_size_set(STACK_CACHE_DEFAULT);
    stack_free_set(STACK_FREE_IMMEDIATE);
    test_thread_bind(0, 20);
    /* While a thread waits for memory no stack is kept; then this is tried again. */
    test_eventually(stack_is_reused((char)(1 + round++ % 100)),
                    "the stack of the ended thread is not reused");
    test_thread_unbind();
    cache_settings_put_back();
}

/* Ends with a stack that has nothing but its top page. */
static void trim_and_end(void *argument maybe_unused)
{
    stack_trim(thread_current()->slot, stack_top(thread_current()->slot) - PAGE_BYTES);
}

static void pages_tell(void *argument maybe_unused)
{
    seen.slot = thread_current()->slot;
    seen.pages = stack_pages_backed(seen.slot);
}

TEST(CAC0006, "eager stacks are whole at creation, whatever ended threads left in the cache",
     STACKS_EAGER)
{
    cache_settings_keep();
    stack_cache_size_set(STACK_CACHE_DEFAULT);
    stack_free_set(STACK_FREE_IMMEDIATE);
    test_thread_bind(0, 20);
    for (unsigned round = 0; round < ROUNDS; round++) {
        test_thread_join(test_thread_start(16, test_cpu_bit(0), trim_and_end, NULL));
        test_thread_join(test_thread_start(16, test_cpu_bit(0), pages_tell, NULL));
        test_equal(seen.pages, STACK_PAGES);
    }
    test_thread_unbind();
    cache_settings_put_back();
}

static void nothing(void *argument maybe_unused)
{
}

static uint32_t dead_leave_cached(uint32_t size)
{
    struct thread *threads[DEAD_THREADS];
    cache_empty();
    stack_cache_size_set(size);
    for (unsigned i = 0; i < DEAD_THREADS; i++) {
        threads[i] = test_thread_start(16, test_cpu_bit(0), nothing, NULL);
    }
    for (unsigned i = 0; i < DEAD_THREADS; i++) {
        test_thread_join(threads[i]);
    }
    return this_cpu_pointer(stack_cache)->count;
}

/* A cache that is full gives all its stacks to the depot, and begins anew. */
static uint32_t cached_of(uint32_t ended, uint32_t size)
{
    return size == 0 ? 0 : (ended - 1) % size + 1;
}

TEST(CAC0002,
     "a CPU keeps as many stacks of ended threads as stack-cache= says, 0 to 8, and no more",
     ALWAYS)
{
    cache_settings_keep();
    stack_free_set(STACK_FREE_IMMEDIATE);
    test_thread_bind(0, 20);
    for (uint32_t size = 0; size <= STACK_CACHE_MAX; size++) {
        uint32_t kept;
        test_eventually((kept = dead_leave_cached(size)) == cached_of(DEAD_THREADS, size),
                        "of the ended threads' stacks %u are kept, not %u", kept,
                        cached_of(DEAD_THREADS, size));
    }
    cache_empty();
    test_thread_unbind();
    cache_settings_put_back();
}

/* Starts and joins as many threads as a burst has; returns how many stacks were not cached. */
static uint64_t burst_creates_cold(void)
{
    struct thread *threads[BURST];
    struct stack_counts before, after;
    stack_counts_read(&before);
    for (unsigned i = 0; i < BURST; i++) {
        threads[i] = test_thread_start(16, test_cpu_bit(0), nothing, NULL);
    }
    for (unsigned i = 0; i < BURST; i++) {
        test_thread_join(threads[i]);
    }
    stack_counts_read(&after);
    return after.created_cold - before.created_cold;
}

TEST(CAC0013, "a burst of threads gets the stacks of the burst before, from cache and depot",
     STACKS_CACHED)
{
    cache_settings_keep();
    stack_cache_size_set(STACK_CACHE_DEFAULT);
    test_thread_bind(0, 20);
    (void)burst_creates_cold();
    uint64_t cold;
    test_eventually((cold = burst_creates_cold()) == 0, "%lu stacks of a burst were not cached",
                    (unsigned long)cold);
    test_thread_unbind();
    cache_settings_put_back();
}

TEST(CAC0014, "a CPU that gives up its cache empties the depot as well", STACKS_CACHED)
{
    cache_settings_keep();
    stack_cache_size_set(STACK_CACHE_DEFAULT);
    test_thread_bind(0, 20);
    test_eventually((burst_creates_cold(), stack_depot_total != 0), "no stack reaches the depot");
    cache_empty();
    test_equal(stack_depot_total, 0);
    test_thread_unbind();
    cache_settings_put_back();
}

/*
 * Puts the frame at physical address 0 under the top page of a stack that no thread has, and only
 * reads it. The frame does not belong to the test, so its entries are removed again one by one.
 */
TEST(CAC0010, "a stack page whose frame is at physical address 0 is a page like any other", ALWAYS)
{
    uint32_t slot;
    if (stack_slot_allocate(0, &slot) != OK) {
        test_fail(__FILE__, __LINE__, "no slot");
        return;
    }
    volatile uint64_t *entries = stack_entries(slot);
    uintptr_t page = stack_top(slot) - PAGE_BYTES;
    struct paging_walk walk;

    entries[STACK_PAGES - 1] = 0 | PAGE_KERNEL_DATA;
    test_equal(stack_pages_backed(slot), 1);
    test_equal(stack_missing(slot), STACK_PAGES - 1);
    test_check(stack_holes_are_one(slot));
    test_check(stack_is_backed(page));
    test_equal(stack_entry_state(entries[STACK_PAGES - 1]), STACK_PAGE_BACKED);
    paging_walk(page, &walk);
    test_check(walk.present);
    test_equal(walk.physical, 0);
    for (size_t i = 0; i < PAGE_BYTES; i++) {
        (void)((const volatile char *)page)[i]; /* as any page, without a fault */
    }

    test_equal(stack_unmap_begin(slot, STACK_PAGES), 1);
    test_equal(stack_entry_state(entries[STACK_PAGES - 1]), STACK_PAGE_UNMAPPING);
    test_equal(stack_entry_frame(entries[STACK_PAGES - 1]), 0);
    test_equal(stack_pages_backed(slot), 0);
    test_equal(stack_pages_unmapping(slot), 1);
    test_check(stack_entry_return(&entries[STACK_PAGES - 1]));
    test_equal(entries[STACK_PAGES - 1], 0 | PAGE_KERNEL_DATA);
    entries[STACK_PAGES - 1] = stack_entry_make(STACK_PAGE_HOLE, slot);
    stack_shootdown(stack_bottom(slot), STACK_BYTES);
    stack_slot_free(slot);
}

TEST(CAC0011, "every page of every guard is unmapped and names the slot that it guards", ALWAYS)
{
    for (unsigned size = 0; size < STACK_SIZES; size++) {
        for (uint32_t index = 0; index < stack_slots_made(size); index++) {
            uint32_t slot = stack_slot_at(size, index);
            for (uintptr_t page = stack_guard(slot); page < stack_bottom(slot);
                 page += PAGE_BYTES) {
                struct paging_walk walk;
                uint64_t entry = *paging_leaf(page);
                paging_walk(page, &walk);
                if (walk.present || entry != stack_entry_make(STACK_PAGE_GUARD, slot)) {
                    test_fail(__FILE__, __LINE__, "guard page 0x%lx of slot %u has the entry 0x%lx",
                              page, slot, entry);
                    return;
                }
            }
        }
    }
}
