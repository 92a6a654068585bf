/* Takes all free memory away for a moment. See run_down.h. */
#include "tests/support/run_down.h"

#include "arch/x86_64/cpu/preempt.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "sched/stack/swapper_test_hooks.h"
#include "tests/support/eventually.h"
#include "tests/support/memory_exhaust.h"

#define CHAIN_END UINT32_MAX

/*
 * With stack=lend: touches the own pages, so that they are not lent anew whenever this thread runs.
 */
static void own_stack_touch(void)
{
    uintptr_t floor = stack_floor(thread_current()->slot);
    for (unsigned page = STACK_PAGES; page-- > 0 && stack_mode_get() == STACK_MODE_LEND;) {
        (void)*(volatile char *)(floor + page * PAGE_BYTES);
    }
}

void run_down_begin(void)
{
    swapper_quiet_set(true);
    own_stack_touch();
    test_eventually(memory_is_settled(), "memory is still about to be freed elsewhere");
    preempt_disable();
}

void run_down_end(void)
{
    preempt_enable();
    swapper_quiet_set(false);
}

void run_down_take(struct run_down *all)
{
    physical_t frame;

    *all = (struct run_down){.chain = CHAIN_END};
    while (frame_allocate(FRAME_OWNER_TEST, &frame) == OK) {
        frame_tag_set(frame, all->chain);
        all->chain = (uint32_t)(frame >> PAGE_SHIFT);
        all->count++;
    }
}

void run_down_give_one(struct run_down *all)
{
    physical_t frame = (physical_t)all->chain << PAGE_SHIFT;

    if (all->chain == CHAIN_END) {
        return;
    }
    all->chain = frame_tag(frame);
    all->count--;
    frame_tag_set(frame, 0);
    frame_free(frame, FRAME_OWNER_TEST);
}

void run_down_give_back(struct run_down *all)
{
    while (all->chain != CHAIN_END) {
        run_down_give_one(all);
    }
}
