/* See message_counts.h. */
#include "tests/bench/message_counts.h"

#include "kernel/console/console.h"
#include "kernel/syscall/message_fast.h"

static uint64_t left_before[MESSAGE_LEFT_REASONS], by_frame_before;

void message_counts_begin(void)
{
    for (unsigned i = 0; i < MESSAGE_LEFT_REASONS; i++) {
        left_before[i] = message_fast_left(i);
    }
    by_frame_before = message_fast_by_frame();
}

void message_counts_print(const char *name)
{
    console_print("# %s: %lu messages went from frame to frame\n", name,
                  message_fast_by_frame() - by_frame_before);
    for (unsigned i = 0; i < MESSAGE_LEFT_REASONS; i++) {
        uint64_t left = message_fast_left(i) - left_before[i];
        if (left != 0) {
            console_print("# %s: fast path left %lu times: %s\n", name, left,
                          message_fast_reason_text(i));
        }
    }
}
