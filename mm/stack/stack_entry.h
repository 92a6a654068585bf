/*
 * The leaf page-table entry of a stack page is the only record of that page's state (invariant I5).
 * If the present bit is set, the page is backed. If not, the CPU ignores the other bits (SDM volume
 * 3A, 4.7); they hold the state of the page and the slot that it belongs to:
 *
 *   63            52 51                          12 11      5 4       1  0
 *   |      0        |   slot, or next free, inverted |    0    |  state  | 0 |
 *
 * Three states name a frame instead of a slot, in the same bits. In these states the page was
 * unmapped, and its frame still holds its bytes: UNMAPPING (stack_pages.h), STANDBY
 * (mm/stack_modes/stack_swap.h), LEND_UNMAPPING (mm/stack_modes/stack_lend.h).
 *
 * Bits 51 to 12 are stored inverted. A processor with the L1 terminal fault takes these bits for a
 * physical address although the entry is not present, and speculatively loads bytes of that address
 * from its first-level cache (Intel's "L1 Terminal Fault", CVE-2018-3620). Inverted, a small number
 * is an address near the end of the physical address space, where no memory is. Entries are made
 * and read only by the functions here; tools/debug/stalactite/stacks.py reads them as well. Where
 * no slot was made an entry is 0, which is not inverted: it stands for the page at physical address
 * 0, which the kernel does not use.
 *
 * A slot of a 16 KiB stack is eight pages: four of guard, then the four of the stack.
 *
 *   0      1      2      3      4      5      6      7
 *   guard  guard  guard  guard  hole   hole   hole   backed        at creation; it grows down
 *
 * Faults fill the top four pages of a larger stack in the same way. The pages between these and the
 * guard are beyond the fault floor: touching one is an overflow, as in a guard, until the thread
 * asks for it (stack_ensure()) and it is backed. So there is one hole at most, and the backed part
 * is one piece from the top down: as deep as the floor, or deeper if the thread asked.
 *
 *   0 - 31  32 - 49  50 - 59  60      61      62      63
 *   guard   beyond   beyond   hole    hole    hole    backed       128 KiB, at creation
 *   guard   beyond   backed   backed  backed  backed  backed       56 KiB of it ensured
 */
#pragma once

#include "arch/x86_64/paging/paging.h"
#include "mm/stack/stack_size.h"

enum stack_page_state {
    STACK_PAGE_NONE = 0,           /* no slot was ever made here */
    STACK_PAGE_FREE = 1,           /* of a free slot; the top page names the next free slot */
    STACK_PAGE_HOLE = 2,           /* no frame yet; a touch gets one */
    STACK_PAGE_GUARD = 3,          /* never backed; a touch is an overflow */
    STACK_PAGE_SWAPPED = 4,        /* the top page of a stack whose bytes were saved elsewhere */
    STACK_PAGE_BACKED = 5,         /* present: returned by stack_entry_state(), never encoded */
    STACK_PAGE_BEYOND = 6,         /* below the fault floor; a touch is an overflow */
    STACK_PAGE_UNMAPPING = 7,      /* unmapped, but a CPU may still translate it; names its frame */
    STACK_PAGE_STANDBY = 8,        /* unmapped, its frame may be taken; names its frame */
    STACK_PAGE_LEND_UNMAPPING = 9, /* lent, untouched, being unmapped; names its frame */
};
#define STACK_PAGE_STATES (STACK_PAGE_LEND_UNMAPPING + 1)

/* The state and the present bit, so one comparison tests both. */
#define STACK_ENTRY_STATE_MASK 0x1fUL
#define STACK_ENTRY_SLOT_SHIFT 12

/* The bits that are stored inverted in an entry that is not present. */
#define STACK_ENTRY_INVERTED PAGE_ADDRESS_MASK

/*
 * Returns the entry of a page that is not present, in this state, of this slot.
 * Context: ANY.
 */
static always_inline uint64_t stack_entry_make(enum stack_page_state state, uint32_t slot)
{
    return ((uint64_t)slot << STACK_ENTRY_SLOT_SHIFT | (uint64_t)state << 1) ^ STACK_ENTRY_INVERTED;
}

/*
 * Returns the entry of a page that is not present, in a state that names a frame.
 * Context: ANY.
 */
static always_inline uint64_t stack_entry_keep(enum stack_page_state state, physical_t frame)
{
    return (frame | (uint64_t)state << 1) ^ STACK_ENTRY_INVERTED;
}

/*
 * Returns the frame that an entry names. It must be present, or of a state that names a frame.
 * Context: ANY.
 */
static always_inline physical_t stack_entry_frame(uint64_t entry)
{
    return (entry & PAGE_PRESENT ? entry : entry ^ STACK_ENTRY_INVERTED) & PAGE_ADDRESS_MASK;
}

/*
 * Returns whether an entry is of a page in this state, which is not STACK_PAGE_BACKED.
 * Context: ANY.
 */
static always_inline bool stack_entry_is(uint64_t entry, enum stack_page_state state)
{
    return (entry & STACK_ENTRY_STATE_MASK) == (uint64_t)state << 1;
}

/*
 * Returns the state of an entry.
 * Context: ANY.
 */
static always_inline enum stack_page_state stack_entry_state(uint64_t entry)
{
    return entry & PAGE_PRESENT ? STACK_PAGE_BACKED
                                : (enum stack_page_state)((entry & STACK_ENTRY_STATE_MASK) >> 1);
}

/*
 * Returns the slot that an entry names. It must be of a state that names a slot.
 * Context: ANY.
 */
static always_inline uint32_t stack_entry_slot(uint64_t entry)
{
    return (uint32_t)((entry ^ STACK_ENTRY_INVERTED) >> STACK_ENTRY_SLOT_SHIFT);
}

/* Where the recursive mapping shows the leaf entries of the stack object. */
#define STACK_LEAVES (PAGE_RECURSIVE_BASE + ((STACK_OBJECT_BASE & 0x0000ffffffffffffUL) >> 9))

/*
 * Returns the leaf entry of the page at a byte offset into the stack object.
 * Context: ANY.
 */
static always_inline volatile uint64_t *stack_leaf_at(uintptr_t offset)
{
    return (volatile uint64_t *)STACK_LEAVES + (offset >> PAGE_SHIFT);
}

/*
 * Returns the leaf entries of the four pages that faults may fill, lowest first: all pages of a
 * 16 KiB stack, the top ones of a larger one. The slot must have been made.
 * Context: ANY.
 */
static always_inline volatile uint64_t *stack_entries(uint32_t slot)
{
    return paging_leaf(stack_floor(slot));
}
