/* What `stacks live` shows of one stack slot: two characters. */
#pragma once

#include "sched/core/stack_used.h"

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
 * Returns the second character: the whole KiB of its stack that a thread uses, as one hexadecimal digit, at most 'f';
 * '-' where that is unknown, as the thread runs on another CPU. The thread must not be freed meanwhile. Context: ANY.
 */
static always_inline char stack_cell_kib(const struct thread *thread)
{
    uint32_t bytes = stack_used_bytes(thread);
    if (bytes == STACK_USED_UNKNOWN) {
        return '-';
    }
    return bytes < 16 * 1024 ? "0123456789abcdef"[bytes / 1024] : 'f';
}
