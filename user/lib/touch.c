/* See touch.h. */
#include "user/lib/touch.h"

#include "user/lib/pages.h"

#define STACK_TOUCHED_BYTES (64 * 1024UL)

extern volatile uint8_t program_variables_begin[], program_variables_end[]; /* program.ld */

static void byte_touch(volatile uint8_t *at)
{
    *at = *at; /* a read would leave the page without a frame of its own */
}

/* Nothing lies below the frame of the function that runs, so its bytes can be written. */
static void stack_touch(void)
{
    volatile uint8_t *frame = __builtin_frame_address(0);

    for (size_t below = PAGE_BYTES; below <= STACK_TOUCHED_BYTES; below += PAGE_BYTES) {
        *(frame - below) = 0;
    }
}

void program_touch(void)
{
    for (volatile uint8_t *at = program_variables_begin; at < program_variables_end;
         at += PAGE_BYTES) {
        byte_touch(at);
    }
    stack_touch();
}
