/* What `stacks live` shows of one stack slot: two characters. */
#pragma once

#include "mm/stack/stack_size.h"
#include "sched/core/thread.h"

#define STACK_CELL_KIB_MOST 15

/*
 * Returns the first character: that of the slot now, which is a digit for the number of its pages or a letter for
 * something else; 'a' to 'd' instead of '1' to '4' if the last map had a lower digit there. Context: ANY.
 */
static always_inline char stack_cell_pages(char now, char before)
{
    bool digits = now >= '1' && now <= '9' && before >= '1' && before <= '9';
    return digits && now > before ? (char)(now - '1' + 'a') : now;
}

/*
 * Returns the whole KiB of its stack that a thread used when it last left a CPU, at most STACK_CELL_KIB_MOST. The
 * thread must not be freed meanwhile. Context: ANY.
 */
static always_inline uint8_t stack_cell_kib(const struct thread *thread)
{
    uintptr_t top = stack_top(thread->slot), at = thread->saved_rsp;
    if (at > top || at < stack_bottom(thread->slot)) {
        return 0; /* it has no stack of its own now (handoff.h) */
    }
    size_t kib = (top - at) / 1024;
    return kib < STACK_CELL_KIB_MOST ? (uint8_t)kib : STACK_CELL_KIB_MOST;
}
