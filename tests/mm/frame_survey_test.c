/*
 * Where frames of stacks lie: contiguous where possible, and reported where they break up memory.
 */
#include "mm/frame/frame_survey.h"

#include "arch/x86_64/cpu/preempt.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "tests/support/run_down.h"
#include "tests/test.h"

#define ORDER     9 /* 2 MiB */
#define FRAMES    (1U << ORDER)
#define TRIES     10
#define SCATTERED 64 /* the reserve takes some of them first if it is short */

/* Frees a block of single frames, all but one. */
static void singles_free(physical_t block, uint32_t except)
{
    for (uint32_t i = 0; i < FRAMES; i++) {
        if (i != except) {
            frame_free(block + i * PAGE_BYTES, FRAME_OWNER_TEST);
        }
    }
}

/*
 * Makes one block of 2 MiB in which a stack has one frame and all else is free. Returns false if
 * another thread took a frame of it meanwhile, or if there is no such block.
 */
static bool one_frame_seen(unsigned *blocks)
{
    static struct frame_survey before, kept, after;
    physical_t block;

    if (frame_allocate_order(ORDER, FRAME_OWNER_TEST, &block) != OK) {
        return false;
    }
    (*blocks)++;
    preempt_disable();
    frame_survey(&before);
    frame_block_split(block, ORDER, FRAME_OWNER_TEST);
    physical_t frame = block + FRAMES / 3 * PAGE_BYTES;
    frame_owner_change(frame, FRAME_OWNER_TEST, FRAME_OWNER_STACK);
    singles_free(block, FRAMES / 3);
    frame_survey(&kept);
    frame_owner_change(frame, FRAME_OWNER_STACK, FRAME_OWNER_TEST);
    frame_free(frame, FRAME_OWNER_TEST);
    frame_survey(&after);
    preempt_enable();

    const struct frame_survey_order *first = &before.orders[ORDER], *now = &kept.orders[ORDER];
    return now->kept_by_stacks == first->kept_by_stacks + 1 &&
           now->with_stacks == first->with_stacks + 1 && now->whole == first->whole &&
           kept.stack_frames == before.stack_frames + 1 &&
           kept.stack_runs == before.stack_runs + 1 &&
           after.orders[ORDER].whole == first->whole + 1 &&
           after.orders[ORDER].kept_by_stacks == first->kept_by_stacks;
}

TEST(FRG0001, "one stack frame in 2 MiB of free memory is reported to keep them from being whole",
     ALWAYS)
{
    unsigned blocks = 0;
    bool seen = false;
    for (unsigned i = 0; i < TRIES && !seen; i++) {
        seen = one_frame_seen(&blocks);
    }
    if (blocks == 0) {
        test_skip("there are no 2 MiB in one piece");
        return;
    }
    test_check(seen);
}

/* Counts pages of a stack whose frame is the neighbour of the frame of the page below. */
static unsigned neighbours(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    unsigned count = 0;
    for (unsigned page = 1; page < STACK_PAGES; page++) {
        count +=
            stack_entry_frame(entries[page]) == stack_entry_frame(entries[page - 1]) + PAGE_BYTES;
    }
    return count;
}

/* Not to the cache, because the next test may rely on its contents. */
static void stack_give_up(uint32_t slot)
{
    uint64_t flags = interrupts_save();
    stack_reap_add(slot);
    interrupts_restore(flags);
}

TEST(FRG0002,
     "a stack that is whole at creation has its frames side by side, if such frames are free",
     ALWAYS)
{
    physical_t block;
    uint32_t slot;
    if (frame_allocate_order(2, FRAME_OWNER_TEST, &block) != OK) {
        test_skip("there are no four frames in one piece");
        return;
    }
    frame_free_order(block, 2, FRAME_OWNER_TEST);
    if (stack_create_backed(&slot) != OK) {
        test_fail(__FILE__, __LINE__, "no stack");
        return;
    }
    test_equal(neighbours(slot), STACK_PAGES - 1);
    stack_give_up(slot);
}

/* Frees frames of even number only, so that no two are neighbours. */
static unsigned scattered_free(struct run_down *all, physical_t *odd)
{
    unsigned freed = 0, kept = 0;
    while (freed < SCATTERED && kept < SCATTERED * 8 && all->count > 0) {
        physical_t frame = (physical_t)all->chain << PAGE_SHIFT;
        all->chain = frame_tag(frame);
        all->count--;
        frame_tag_set(frame, 0);
        if (frame >> PAGE_SHIFT & 1) {
            odd[kept++] = frame;
        } else {
            frame_free(frame, FRAME_OWNER_TEST);
            freed++;
        }
    }
    return kept;
}

TEST(FRG0003, "with no two free frames side by side a whole stack is made of single ones", ALWAYS)
{
    struct run_down all;
    static physical_t odd[SCATTERED * 8];
    uint32_t slot = 0;
    run_down_begin();
    run_down_take(&all);
    unsigned kept = scattered_free(&all, odd);
    int error = stack_create_backed(&slot);
    while (kept > 0) {
        frame_free(odd[--kept], FRAME_OWNER_TEST);
    }
    run_down_give_back(&all);
    run_down_end();
    test_equal(error, OK);
    if (error == OK) {
        test_equal(stack_pages_backed(slot), STACK_PAGES);
        test_equal(neighbours(slot), 0);
        stack_give_up(slot);
    }
}
