/* Stacks give back pages that their threads no longer use. */
#pragma once

#include "mm/stack/stack_slot.h"

/*
 * Makes holes of the backed pages of a stack that lie wholly below `address`, among the four pages
 * that faults fill, and frees their frames after a shootdown. Pages that the calling thread is
 * using stay. All pages stay if pages below the fault floor are backed, or if memory is so short
 * that the CPU's magazine could not cover what the caller gives back.
 * Context: THREAD. The stack must be the caller's own, or its thread must not run.
 */
void stack_trim(uint32_t slot, uintptr_t address);

/*
 * Hook: called before pages are taken from the running stack; NULL: not called. stack=lend sets it
 * to make the pages that were lent to the stack the stack's own, because frames that belong to the
 * magazine must not be freed. Context: ATOMIC, interrupts off.
 */
extern void (*stack_trim_prepare)(void);
