/* See own_pages.h. */
#include "tests/support/own_pages.h"

#include "sched/core/thread.h"
#include "tests/test.h"

void own_stack_trim(void)
{
    uintptr_t here = align_down((uintptr_t)__builtin_frame_address(0), PAGE_BYTES);
    stack_trim(thread_current()->slot, here);
}

/* With stack=lend a preemption in between would fill the stack again; then the trim is repeated. */
uint64_t own_stack_trim_and_hold(void)
{
    for (;;) {
        own_stack_trim();
        uint64_t flags = interrupts_save();
        if (stack_mode_get() != STACK_MODE_LEND || own_lowest() == STACK_PAGES - 1) {
            return flags;
        }
        interrupts_restore(flags);
    }
}

static uintptr_t own_bottom(void)
{
    return stack_bottom(thread_current()->slot);
}

uintptr_t own_address(unsigned page, size_t offset)
{
    return own_bottom() + page * PAGE_BYTES + offset;
}

unsigned own_lowest(void)
{
    return STACK_PAGES - stack_pages_backed(thread_current()->slot);
}
