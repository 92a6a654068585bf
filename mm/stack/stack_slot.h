/* Slots of the stack object: who may use which piece of addresses for a stack. */
#pragma once

#include "mm/stack/stack_entry.h"

#define STACK_SLOT_NONE UINT32_MAX

/*
 * Takes a free slot for a stack of a size (see stack_size.h); its top four entries become holes
 * that name it, those between them and the guard are beyond the floor. When none is free it makes
 * one leaf table (4 KiB) full of them: 64 slots for 16 KiB, 1 for 1 MiB. Any context with no paging
 * lock held; takes the slot lock with interrupts off. ERROR_NO_MEMORY: no frame for a table, or all
 * slots are in use.
 */
must_check int stack_slot_allocate(unsigned size, uint32_t *slot);

/* Gives a slot back. None of its pages may be backed by now. Any context. */
void stack_slot_free(uint32_t slot);

/* How many slots of a size are made; how many of all sizes are in use. Any context. */
uint32_t stack_slots_made(unsigned size);
uint32_t stack_slots_used(void);

/* Leaf tables that were made for slots so far, of all sizes. Any context. */
uint32_t stack_tables_made(void);

/*
 * By size: bytes of its region below which every address has a leaf table, so that the entry may be
 * read through the page window without a fault. Grows only.
 */
extern uintptr_t stack_region_ready_bytes[STACK_SIZES];

/* Has the address a leaf entry of a stack? Any context. */
static always_inline bool stack_leaf_exists(uintptr_t address)
{
    uintptr_t offset = address - STACK_OBJECT_BASE;
    return likely(offset < stack_region_ready_bytes[0]) ||
           (offset < STACK_OBJECT_BYTES &&
            offset % STACK_REGION_BYTES < stack_region_ready_bytes[offset / STACK_REGION_BYTES]);
}
