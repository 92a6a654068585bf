/*
 * Questions about the pages of a stack, answered from its leaf entries, and the step by which pages
 * of a stack lose their frames. All other files about stacks build on this one.
 */
#pragma once

#include "mm/stack/stack_slot.h"

/*
 * Returns how many pages the stack could still ask of its CPU's magazine: 0 to 3, or 4 while its
 * top page is swapped out or being unmapped.
 * Context: ANY. The answer holds only while the stack's thread cannot run.
 */
uint32_t stack_missing(uint32_t slot);

/*
 * Returns how many pages of the stack are backed: 1 to 4, more if pages below the fault floor are
 * backed as well, 0 if the top page is swapped out.
 * Context: ANY. The answer holds only while the stack's thread cannot run.
 */
uint32_t stack_pages_backed(uint32_t slot);

/*
 * Returns how many pages below the fault floor are backed. They are one piece, from the floor down.
 * The slot must be of a stack larger than 16 KiB.
 * Context: ANY.
 */
uint32_t stack_pages_below_floor(uint32_t slot);

/*
 * Returns the lowest address that the stack's thread may touch now: the fault floor, or the lowest
 * backed address below it. The slot must be of a stack larger than 16 KiB.
 * Context: ANY.
 */
uintptr_t stack_limit(uint32_t slot);

/*
 * Returns whether the backed pages of the stack are one piece, from its top down (invariant I4).
 * Context: ANY.
 */
bool stack_holes_are_one(uint32_t slot);

/*
 * Returns whether the address lies in the stack object and can be read without a stack fault.
 * Context: ANY. The answer holds only while the stack's thread cannot run.
 */
bool stack_is_backed(uintptr_t address);

/*
 * Makes holes of the backed ones of the lowest `pages` of the four pages that faults fill. Writes
 * their frames to `frames`, and returns how many. The caller shoots the pages' translations down
 * before it frees a frame or lets the slot be used again.
 * Context: ATOMIC. No CPU may use the stack, or it is the caller's own and interrupts are off.
 */
uint32_t stack_pages_take(uint32_t slot, uint32_t pages, physical_t *frames);

/*
 * Hook: makes every online CPU forget its translations of [address, address + bytes), and returns when
 * all have. Until kernel/hooks.c sets it, it does nothing.
 * Context: THREAD.
 */
extern void (*stack_shootdown)(uintptr_t address, size_t bytes);
