/* Blocks of frames when only pages that were taken from sleeping threads are left. */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_swap.h"
#include "tests/support/eventually.h"
#include "tests/support/run_down.h"
#include "tests/test.h"

#define TRIES 16

static physical_t page_frame(uint32_t slot, unsigned page)
{
    return stack_entry_frame(stack_entries(slot)[page]);
}

/* Whether the frames of the lowest two pages are neighbours, as a block of two is. */
static bool has_block(uint32_t slot)
{
    return (page_frame(slot, 0) ^ page_frame(slot, 1)) == PAGE_BYTES;
}

/* Makes a whole stack that has such a block; false if none is found. Frees the stacks it tried. */
static bool stack_with_block(uint32_t *slot)
{
    uint32_t tried[TRIES];
    unsigned count = 0;
    bool found = false;
    while (count < TRIES && !found && stack_create_backed(&tried[count]) == OK) {
        found = has_block(tried[count++]);
    }
    if (found) {
        *slot = tried[--count];
    }
    uint64_t flags = interrupts_save();
    while (count > 0) {
        stack_destroy(tried[--count]);
    }
    interrupts_restore(flags);
    return found;
}

/*
 * Nothing is free but the three standby pages of a stack. Returns whether a block came of them when
 * it was needed, and none before. Another CPU may free something just then, so callers try again.
 */
static bool block_is_reclaimed(uint32_t slot)
{
    struct run_down all;
    physical_t convenient, needed;

    (void)stack_reclaim();
    uint32_t left = stack_pages_unmap_begin(slot, STACK_PAGES - 1);
    stack_shootdown(stack_bottom(slot), STACK_BYTES);
    run_down_begin();
    run_down_take(&all);
    uint64_t flags = interrupts_save();
    uint32_t released = stack_pages_release(slot);
    interrupts_restore(flags);
    bool reserve_is_full = stack_reserve_count() == stack_reserve_capacity();
    int without = frame_allocate_free_order(1, FRAME_OWNER_TEST, &convenient);
    uint32_t still_taken = stack_pages_standby(slot);
    int with = frame_allocate_order(1, FRAME_OWNER_TEST, &needed);
    uint32_t taken_at_last = stack_pages_standby(slot);
    run_down_give_back(&all);
    run_down_end();

    test_equal(left, STACK_PAGES - 1);
    test_equal(released, STACK_PAGES - 1);
    /* whatever the allocator found, it left these alone */
    test_equal(still_taken, STACK_PAGES - 1);
    test_check(with == OK || !reserve_is_full); /* the reserve is served first */
    if (without == OK) {
        frame_free_order(convenient, 1, FRAME_OWNER_TEST);
    }
    if (with == OK) {
        frame_free_order(needed, 1, FRAME_OWNER_TEST);
    }
    return without == ERROR_NO_MEMORY && with == OK && taken_at_last == 0;
}

static bool is_reclaimed(void)
{
    uint32_t slot;
    if (!stack_with_block(&slot)) {
        return false;
    }
    bool demanded = block_is_reclaimed(slot);
    (void)stack_standby_free(UINT32_MAX);
    uint64_t flags = interrupts_save();
    stack_destroy(slot);
    interrupts_restore(flags);
    return demanded;
}

TEST(SWP0019,
     "a block is made of pages taken from sleeping threads; single frames leave them alone", ALWAYS)
{
    test_eventually(is_reclaimed(), "no block is made of standby pages");
}
