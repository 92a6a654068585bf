/*
 * What lies below the fault floor: only stacks larger than 16 KiB have it. Its pages are backed at
 * once, when the stack's thread asks for them (stack_back_down(), for stack_ensure()) or at
 * creation, with frames from the allocator; no fault ever fills one, and no magazine has to cover
 * one.
 */
#pragma once

#include "mm/frame/frame_chain.h"
#include "mm/stack/stack_pages.h"

/*
 * A stack of a size above 0 with its top page backed; `whole`: all pages. Errors as stack_create().
 */
must_check int stack_large_create(unsigned size, bool whole, uint32_t *slot);

/* Stacks of more than 16 KiB that were born so far. Any context. */
uint64_t stack_large_creations(void);

/*
 * Backs the caller's own stack from its lowest backed page down to the page of `address`, with
 * zeroed frames from the allocator, all or none. Thread context; spinlocks may be held.
 * ERROR_RANGE: below the stack. ERROR_NO_MEMORY: no frames, or threads starve for them just now.
 */
must_check int stack_back_down(uint32_t slot, uintptr_t address);

/*
 * Takes the backed pages below the floor and wholly below `address`: they are beyond the floor
 * again, and their frames, in the chain, are to be freed only after a shootdown. The stack's thread
 * must be the caller, and not use them, or not run. Returns their lowest address, or the floor.
 */
uintptr_t stack_below_floor_take(uint32_t slot, uintptr_t address, struct frame_chain *chain);

/*
 * The same, and the shootdown, and the frames freed. Thread context, interrupts on, no lock held.
 */
void stack_give_back(uint32_t slot, uintptr_t address);
