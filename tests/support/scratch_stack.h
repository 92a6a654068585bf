/*
 * A second stack for a test, with holes where the test wants them. RSP is put onto it for a moment,
 * and events come in there. The CPU uses it as it uses the next thread's stack during a switch: as
 * the second slot in stack_use, covered by the magazine.
 */
#pragma once

#include "lib/compiler.h"
#include "mm/stack/stack_fault.h"

/*
 * Creates a stack of which only the top page is backed, and pins the calling thread to its CPU
 * until scratch_stack_destroy(). Returns false if there is none: the test has failed then.
 * Context: THREAD, interrupts on.
 */
must_check bool scratch_stack_create(uint32_t *slot);
void scratch_stack_destroy(uint32_t slot);

/*
 * Makes all pages below the top one holes again. Context: THREAD, interrupts on, stack not in use.
 */
void scratch_stack_empty(uint32_t slot);

/*
 * Between these two this CPU fills holes of the slot, and the thread does not leave the CPU. _use
 * returns with interrupts off. _unuse is called with interrupts off and turns them on.
 */
void scratch_stack_use(uint32_t slot);
void scratch_stack_unuse(void);

/* The address at which the top page begins. Below it is the first hole. */
static always_inline uintptr_t scratch_stack_edge(uint32_t slot)
{
    return stack_top(slot) - PAGE_BYTES;
}
