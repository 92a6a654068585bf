/*
 * Where stacks lie: arithmetic between sizes, slot numbers and addresses. Every function here is
 * for ANY context.
 *
 * A stack has 16 KiB, or on request a larger power of two up to 1 MiB. Each size has a region of
 * the stack object, divided into slots of twice the stack's size: guard below stack. So the guard
 * grows with the stack, and an access below a stack by no more than the stack's size never reaches
 * another one.
 *
 * A slot's number counts 32 KiB steps from the base of the stack object to the slot's last step:
 *
 *   22     20 19                                  0
 *   |  size  |  step in the region of this size   |     size 0: 16 KiB, ..., size 6: 1 MiB
 *
 * So the stack's top follows from the number alone, whatever the size. The 16 KiB stacks, which are
 * nearly all, have the numbers from 0 on without gaps. In the other regions every 2nd, 4th, ...
 * number belongs to a slot.
 */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/types.h"
#include "lib/error.h"

#define STACK_PAGES      (STACK_BYTES / PAGE_BYTES)      /* 4: the pages that faults may fill */
#define STACK_SLOT_PAGES (STACK_SLOT_BYTES / PAGE_BYTES) /* 8 */
#define STACK_PAGES_MAX  (STACK_BYTES_MAX / PAGE_BYTES)  /* 256 */

#define STACK_SIZE_SHIFT 20 /* position of the size in a slot's number */

_Static_assert(STACK_REGION_BYTES / STACK_SLOT_BYTES == 1UL << STACK_SIZE_SHIFT,
               "a slot's number has its size above the step in the region");

/* Returns the size of a slot's stack, as a number from 0. */
static always_inline unsigned stack_size_of(uint32_t slot)
{
    return slot >> STACK_SIZE_SHIFT;
}

/* Returns whether the stack is larger than 16 KiB. */
static always_inline bool stack_is_large(uint32_t slot)
{
    return slot >= 1U << STACK_SIZE_SHIFT;
}

/* Returns the bytes of a slot's stack, without its guard. */
static always_inline size_t stack_bytes_of(uint32_t slot)
{
    return STACK_BYTES << stack_size_of(slot);
}

/* Returns the bytes of a slot of a size, guard included. */
static always_inline size_t stack_slot_bytes(unsigned size)
{
    return STACK_SLOT_BYTES << size;
}

/* Returns the end of a slot's stack, which is [bottom, top). */
static always_inline uintptr_t stack_top(uint32_t slot)
{
    return STACK_OBJECT_BASE + (slot + 1UL) * STACK_SLOT_BYTES;
}

/* Returns the lowest address of a slot's stack. Below it lies the guard. */
static always_inline uintptr_t stack_bottom(uint32_t slot)
{
    return stack_top(slot) - stack_bytes_of(slot);
}

/* Returns the lowest address of a slot's guard, which is [guard, bottom). */
static always_inline uintptr_t stack_guard(uint32_t slot)
{
    return stack_top(slot) - stack_slot_bytes(stack_size_of(slot));
}

/*
 * Returns the fault floor: the lowest address that faults fill. A 16 KiB stack ends there; a larger
 * one goes below it only as far as its thread asked by stack_ensure().
 */
static always_inline uintptr_t stack_floor(uint32_t slot)
{
    return stack_top(slot) - STACK_BYTES;
}

/* Returns the slot that is number `index`, from 0, in the region of its size. */
static always_inline uint32_t stack_slot_at(unsigned size, uint32_t index)
{
    return (size << STACK_SIZE_SHIFT) + ((index + 1) << size) - 1;
}

/* Returns the index of a slot in the region of its size. */
static always_inline uint32_t stack_slot_index(uint32_t slot)
{
    return (slot & ((1U << STACK_SIZE_SHIFT) - 1)) >> stack_size_of(slot);
}

/*
 * Finds the slot that contains an address, guard included. Returns false if the address is not in
 * the stack object.
 */
static always_inline bool stack_slot_find(uintptr_t address, uint32_t *slot)
{
    uintptr_t offset = address - STACK_OBJECT_BASE;
    if (offset >= STACK_OBJECT_BYTES) {
        return false;
    }
    uint32_t step = (uint32_t)(offset / STACK_SLOT_BYTES);
    *slot = step | ((1U << stack_size_of(step)) - 1);
    return true;
}

/*
 * Finds the size of stacks of `bytes` bytes. Errors: ERROR_INVALID if `bytes` is no power of two;
 * ERROR_RANGE if there is no such size.
 */
static inline must_check int stack_size_for(size_t bytes, unsigned *size)
{
    if ((bytes & (bytes - 1)) != 0) {
        return ERROR_INVALID;
    }
    if (bytes < STACK_BYTES || bytes > STACK_BYTES_MAX) {
        return ERROR_RANGE;
    }
    *size = (unsigned)__builtin_ctzl(bytes / STACK_BYTES);
    return OK;
}
