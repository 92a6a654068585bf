/*
 * Each level touches a byte below its frame before it calls the next, so a hole is met by a store
 * whose time can be taken, and not by the push of a call.
 */
#include "kernel/demo/recursion.h"

#include "arch/x86_64/cpu/cpu.h"
#include "mm/stack/stack.h"

/* A store to a byte below the stack pointer: nobody else keeps anything there. */
static void touch(struct recursion *recursion, uintptr_t address)
{
    bool hole = !stack_is_backed(address);
    uint64_t before = tsc_read_ordered();
    *(volatile uint8_t *)address = 0;
    uint64_t after = tsc_read_ordered();
    if (hole && recursion->touched < STACK_PAGES) {
        recursion->ticks[recursion->touched++] = after - before;
    }
}

static never_inline void recurse(struct recursion *recursion, uintptr_t top)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    recursion->deepest = top - here;
    recursion->levels++;
    if (recursion->deepest < recursion->bytes) {
        touch(recursion, here - RECURSION_STEP_BYTES);
        recurse(recursion, top);
    }
    compiler_barrier(); /* so that the call above is no jump */
}

void recursion_run(struct recursion *recursion)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    recursion->deepest = recursion->levels = recursion->touched = 0;
    recurse(recursion, align_up(here, STACK_BYTES));
}
