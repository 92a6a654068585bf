/* The stacks that a CPU runs on, in the form in which a stack fault asks for them. */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "mm/stack/stack_entry.h"

/*
 * The stacks whose holes this CPU fills: its current thread's, and during a switch the next
 * thread's as well; equal outside of switches. Each is stored as the leaf entry that its holes
 * have, so a stack fault needs one comparison. A touch of any other slot's hole is a kernel bug: it
 * must not use up the frames that cover another thread.
 */
struct stack_use {
    uint64_t current_hole;
    uint64_t next_hole;
};

DECLARE_PER_CPU(struct stack_use, stack_use);

/*
 * Returns the leaf entry that every hole of a slot has.
 * Context: ANY.
 */
static always_inline uint64_t stack_hole_of(uint32_t slot)
{
    return stack_entry_make(STACK_PAGE_HOLE, slot);
}
