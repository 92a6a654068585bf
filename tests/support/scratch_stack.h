/*
 * A second stack for a test, whose holes are where the test wants them: RSP is put onto it for a
 * moment, and events come in there. It is used the way the scheduler uses the next thread's stack
 * during a switch: as the second slot in stack_use, covered by the magazine.
 */
#pragma once

#include "lib/compiler.h"
#include "mm/stack/stack_fault.h"

/*
 * A stack of which only the top page is backed. Pins the calling thread to the CPU it is on, until
 * scratch_stack_destroy(). Fails the test if there is no stack. Thread context, interrupts on.
 */
must_check bool scratch_stack_create(uint32_t *slot);
void scratch_stack_destroy(uint32_t slot);

/* All pages below the top one are holes again. Thread context, interrupts on, not in use. */
void scratch_stack_empty(uint32_t slot);

/*
 * Between these two this CPU fills holes of the slot, and the thread does not leave the CPU;
 * interrupts are off on return from _use and must be off before _unuse. _unuse turns them on.
 */
void scratch_stack_use(uint32_t slot);
void scratch_stack_unuse(void);

/* The address at which the top page begins: below it is the first hole. */
static always_inline uintptr_t scratch_stack_edge(uint32_t slot)
{
    return stack_top(slot) - PAGE_BYTES;
}
