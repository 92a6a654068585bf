/* Slots: the pieces into which the stack object's addresses are divided, one for each stack. */
#pragma once

#include "mm/stack/stack_entry.h"

#define STACK_SLOT_NONE UINT32_MAX

/*
 * Allocates a slot for a stack of a size (see stack_size.h). Its top four entries become holes that
 * name it; those between them and the guard are beyond the fault floor. If no slot is free it makes
 * one leaf table (4 KiB) of slots: 64 slots for 16 KiB, 1 for 1 MiB.
 * Context: IRQ, no paging lock held. Errors: ERROR_NO_MEMORY if there is no frame for the table, or
 * if all slots are in use.
 */
must_check int stack_slot_allocate(unsigned size, uint32_t *slot);

/*
 * Frees a slot. Panics if one of its pages is backed, or names a frame.
 * Context: IRQ.
 */
void stack_slot_free(uint32_t slot);

/*
 * Returns how many slots of a size exist, used or free.
 * Context: ANY.
 */
uint32_t stack_slots_made(unsigned size);

/*
 * Returns how many slots of all sizes are in use.
 * Context: ANY.
 */
uint32_t stack_slots_used(void);

/*
 * Returns how many leaf tables were made for slots of all sizes.
 * Context: ANY.
 */
uint32_t stack_tables_made(void);

/*
 * For each size of stack: how many bytes of its region, from the start, have leaf tables. There the
 * leaf entry of an address can be read through the recursive mapping without a fault. The number
 * only grows.
 */
extern uintptr_t stack_region_ready_bytes[STACK_SIZES];

/*
 * Returns whether the address lies in the stack object and has a leaf entry.
 * Context: ANY.
 */
static always_inline bool stack_leaf_exists(uintptr_t address)
{
    uintptr_t offset = address - STACK_OBJECT_BASE;
    return likely(offset < stack_region_ready_bytes[0]) ||
           (offset < STACK_OBJECT_BYTES &&
            offset % STACK_REGION_BYTES < stack_region_ready_bytes[offset / STACK_REGION_BYTES]);
}
