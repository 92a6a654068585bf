/* Slots of the stack object: who may use which 16 KiB of addresses for a stack. */
#pragma once

#include "mm/stack_entry.h"

#define STACK_SLOT_NONE UINT32_MAX

/*
 * Takes a free slot; its four entries become holes that name it. Makes 64 more slots (one leaf
 * table, 4 KiB) when none is free. Any context with no paging lock held; takes the slot lock with
 * interrupts off. ERROR_NO_MEMORY: no frame for a table, or all slots are in use.
 */
must_check int stack_slot_allocate(uint32_t *slot);

/* Gives a slot back. All its pages must be holes by now. Any context. */
void stack_slot_free(uint32_t slot);

/* How many slots are made, and how many of these are in use. Any context. */
uint32_t stack_slots_made(void);
uint32_t stack_slots_used(void);

/*
 * Bytes of the stack object below which every address has a leaf table: there the entry may be read
 * through the page window without a fault. Grows only.
 */
extern uintptr_t stack_object_ready_bytes;
