/*
 * Stacks of every size, 16 KiB to 1 MiB: their entries at creation and after faults.
 * ensure_test.c checks depth beyond the fault floor.
 */
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_depth.h"
#include "mm/stack/stack_large.h"
#include "mm/stack/stack_reap.h"
#include "sched/core/thread.h"
#include "tests/support/large_stack.h"
#include "tests/test.h"

/* Counts the entries of [from, to) in that state that name the slot. Backed entries name none. */
static size_t entries_count(uintptr_t from, uintptr_t to, enum stack_page_state state,
                            uint32_t slot)
{
    size_t count = 0;
    for (uintptr_t page = from; page < to; page += PAGE_BYTES) {
        uint64_t entry = *paging_leaf(page);
        count += stack_entry_state(entry) == state &&
                 (state == STACK_PAGE_BACKED || stack_entry_slot(entry) == slot);
    }
    return count;
}

static void shape_check(uint32_t slot, size_t bytes)
{
    uintptr_t top = stack_top(slot), bottom = stack_bottom(slot), floor = stack_floor(slot);
    uint32_t found;
    test_equal(top % bytes, 0);
    test_equal(top - bottom, bytes);
    test_check(stack_slot_find(bottom - 1, &found) && found == slot);
    test_check(stack_slot_find(top - 1, &found) && found == slot);
    test_check(!stack_slot_find(top, &found) || found != slot);
    test_equal(stack_slot_at(stack_size_of(slot), stack_slot_index(slot)), slot);
    test_equal(entries_count(stack_guard(slot), bottom, STACK_PAGE_GUARD, slot),
               bytes / PAGE_BYTES);
    test_equal(bottom - stack_guard(slot), bytes);
    if (stack_mode_get() == STACK_MODE_EAGER) {
        test_equal(stack_pages_backed(slot), bytes / PAGE_BYTES);
        return;
    }
    test_equal(entries_count(bottom, floor, STACK_PAGE_BEYOND, slot),
               (floor - bottom) / PAGE_BYTES);
    test_equal(stack_pages_backed(slot) + stack_missing(slot), STACK_PAGES);
    test_check(stack_holes_are_one(slot));
    *(volatile char *)floor = 1; /* faults fill down to the floor, whatever the size */
    test_equal(entries_count(floor, top, STACK_PAGE_BACKED, slot), STACK_PAGES);
    test_equal(stack_missing(slot), 0);
    test_equal(stack_pages_backed(slot), STACK_PAGES);
    test_equal(stack_limit(slot), floor);
}

TEST(LRG0001, "stacks of 16 KiB to 1 MiB have their guard, floor and holes where they should",
     ALWAYS)
{
    in_each_size("sized", false, shape_check);
}

static void whole_check(uint32_t slot, size_t bytes)
{
    test_equal(stack_pages_backed(slot), bytes / PAGE_BYTES);
    test_equal(stack_missing(slot), 0);
    test_equal(stack_limit(slot), stack_bottom(slot));
    for (uintptr_t at = stack_bottom(slot); at < stack_floor(slot); at += sizeof(uint64_t)) {
        if (*(volatile uint64_t *)at != 0) {
            test_fail(__FILE__, __LINE__, "the word at %p of a new stack is not 0", (void *)at);
            return;
        }
    }
}

static void nothing_check(uint32_t slot, size_t bytes)
{
    test_equal(stack_bytes_of(slot), bytes);
}

TEST(LRG0005,
     "each creation of a larger stack is counted, and its depth at the end is in the histogram",
     ALWAYS)
{
    struct stack_counts creations, creations_after;
    struct stack_depth_histogram ends, ends_after;
    unsigned deepest = stack_depth_bucket(STACK_BYTES_MAX / PAGE_BYTES, STACK_PAGES);
    test_equal(stack_depth_bucket(4, STACK_PAGES), 4);
    test_equal(stack_depth_bucket(5, STACK_PAGES), 5);
    test_equal(stack_depth_bucket(8, STACK_PAGES), 5);
    test_equal(stack_depth_bucket(9, STACK_PAGES), 6);
    test_equal(deepest, STACK_DEPTH_PAGE_BUCKETS);
    test_equal(stack_depth_bucket_most(deepest, STACK_PAGES), STACK_BYTES_MAX / PAGE_BYTES);
    stack_counts_read(&creations);
    stack_depth_histogram_read(&ends);
    in_each_size("counted", true, nothing_check);
    stack_counts_read(&creations_after);
    stack_depth_histogram_read(&ends_after);
    test_check(creations_after.created_large >= creations.created_large + STACK_SIZES - 1);
    for (unsigned bucket = STACK_PAGES + 1; bucket <= STACK_DEPTH_PAGE_BUCKETS; bucket++) {
        test_check(ends_after.by_pages[bucket] > ends.by_pages[bucket]);
    }
}

TEST(LRG0002, "a fully backed stack of any size has all its pages at creation, zeroed", ALWAYS)
{
    in_each_size("whole", true, whole_check);
}

static void nobody(void *argument maybe_unused)
{
}

TEST(LRG0003, "a stack of an invalid size is refused, and nothing changes", ALWAYS)
{
    static const struct {
        size_t bytes;
        int error;
    } wrong[] = {
        {1, ERROR_RANGE},
        {STACK_BYTES / 2, ERROR_RANGE},
        {STACK_BYTES + PAGE_BYTES, ERROR_INVALID},
        {3 * STACK_BYTES, ERROR_INVALID},
        {STACK_BYTES_MAX - 1, ERROR_INVALID},
        {2 * STACK_BYTES_MAX, ERROR_RANGE},
        {1UL << 63, ERROR_RANGE},
        {SIZE_MAX, ERROR_INVALID},
    };
    uint32_t slots = stack_slots_used(), threads = thread_count();
    for (size_t i = 0; i < array_length(wrong); i++) {
        const struct thread_options options = {.name = "wrong", .stack_bytes = wrong[i].bytes};
        struct thread *thread = NULL;
        test_equal(thread_create(&options, nobody, NULL, &thread), wrong[i].error);
        test_check(thread == NULL);
    }
    test_equal(stack_slots_used(), slots);
    test_equal(thread_count(), threads);
}

static void slot_report(void *argument)
{
    *(uint32_t *)argument = thread_current()->slot;
}

TEST(LRG0004, "a larger stack is taken apart when its thread ends, and its slot is used again",
     ALWAYS)
{
    static uint32_t slots[2];
    for (unsigned round = 0; round < 2; round++) {
        run_on_stack("mortal", STACK_BYTES_MAX, slot_report, &slots[round]);
        /* If the reclaimer is still at work on it, the slot is free a little later. */
        while (!stack_entry_is(stack_entries(slots[round])[0], STACK_PAGE_FREE)) {
            stack_reclaim();
            thread_yield();
        }
    }
    test_equal(slots[0], slots[1]);
}
