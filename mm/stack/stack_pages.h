/*
 * Questions about the pages of a stack, answered from its leaf entries, and the protocol by which
 * pages of a stack lose their frames. All other files about stacks build on this one.
 *
 * The protocol (part of invariant I6): a page of a stack gets another frame only after every CPU
 * has forgotten the translation to the old one. It may get the same frame back earlier. So pages
 * are unmapped in three steps:
 *
 *   1. stack_unmap_begin(): a backed page becomes UNMAPPING. It is not present, but its entry still
 *      names its frame, which keeps its bytes.
 *   2. stack_shootdown(): every CPU forgets the translation, and acknowledges. Meanwhile the
 *      stack's thread may be preempted, migrate, or touch the page. A touch is a stack fault, which
 *      maps the same frame again (stack_entry_return()) and takes no round.
 *   3. stack_unmap_end(): a page that is still UNMAPPING becomes a hole, and its frame is freed.
 *
 * UNMAPPING pages lie directly below the backed part, and holes below them. Trimming, reaping and
 * giving back depth use these functions. The swapper goes on from UNMAPPING to STANDBY instead of
 * step 3 (mm/stack_modes/stack_swap.h). stack=lend has LEND_UNMAPPING for pages that its batches
 * unmap, because a batch and the swapper may work on one stack at a time
 * (mm/stack_modes/stack_lend.h).
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
 * Returns whether more than `pages` pages of the stack are backed. Looks at one entry, unless the
 * stack is larger than 16 KiB.
 * Context: ANY. The answer holds only while the stack's thread cannot run.
 */
static always_inline bool stack_has_more_pages(uint32_t slot, uint32_t pages)
{
    if (unlikely(stack_is_large(slot))) {
        return stack_pages_backed(slot) > pages;
    }
    return pages < STACK_PAGES &&
           (stack_entries(slot)[STACK_PAGES - 1 - pages] & PAGE_PRESENT) != 0;
}

/*
 * Returns how many pages of the stack are UNMAPPING: not backed, but they still have their frames.
 * Context: ANY.
 */
uint32_t stack_pages_unmapping(uint32_t slot);

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
 * Step 1: looks at the lowest `pages` of the four pages that faults fill, and makes the backed ones
 * UNMAPPING. Returns how many these are.
 * Context: ATOMIC. Either no CPU uses the stack, or the caller runs on it with interrupts off.
 */
uint32_t stack_unmap_begin(uint32_t slot, uint32_t pages);

/*
 * Step 2: makes every online CPU forget its translations of [address, address + bytes), and returns
 * when all have acknowledged.
 * Context: THREAD.
 */
void stack_shootdown(uintptr_t address, size_t bytes);

/*
 * Step 3: makes each of the four pages that faults fill and that is still UNMAPPING a hole, and
 * frees its frame. Returns how many these are.
 * Context: ATOMIC. Either no CPU uses the stack, or the caller runs on it.
 */
uint32_t stack_unmap_end(uint32_t slot);

/*
 * Step 1 for pages below the fault floor: makes the backed pages UNMAPPING that lie below the floor
 * and wholly below `address`. Returns how many these are. The slot must be of a stack larger than
 * 16 KiB.
 * Context: ATOMIC. Either no CPU uses the stack, or the caller runs on it and does not use these
 * pages.
 */
uint32_t stack_unmap_begin_below_floor(uint32_t slot, uintptr_t address);

/*
 * Step 3 for pages below the fault floor: makes each page that is still UNMAPPING a page beyond the
 * floor, and frees its frame. Returns how many these are. The slot must be of a stack larger than
 * 16 KiB.
 * Context: ATOMIC. Either no CPU uses the stack, or the caller runs on it.
 */
uint32_t stack_unmap_end_below_floor(uint32_t slot);

/*
 * Maps a page that is UNMAPPING again, with the frame that its entry names. Returns false if the
 * page is in any other state.
 * Context: ANY. The page is of a stack in use on this CPU, or of one that is being dispatched here.
 */
must_check bool stack_entry_return(volatile uint64_t *entry);

/*
 * Hook: does the shootdown for stack_shootdown(). Until kernel/hooks.c sets it, it does nothing.
 * Context: THREAD.
 */
extern void (*stack_shootdown_hook)(uintptr_t address, size_t bytes);

#ifdef INVARIANT
/*
 * Records when the page of this frame was unmapped, for stack_unmap_check().
 * Context: ANY.
 */
void stack_unmap_note(physical_t frame);

/*
 * Panics unless a stack_shootdown() began after stack_unmap_note() of this frame, and ended.
 * Context: ANY.
 */
void stack_unmap_check(physical_t frame);
#else
static always_inline void stack_unmap_note(physical_t frame maybe_unused)
{
}
static always_inline void stack_unmap_check(physical_t frame maybe_unused)
{
}
#endif
