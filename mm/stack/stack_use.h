/* The stacks that a CPU runs on, in the form in which a stack fault asks for them. */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "mm/stack/stack_entry.h"

/*
 * The stacks whose holes this CPU fills: that of its current thread, and during a switch that of
 * the next thread as well; outside of switches both fields are equal. A stack is stored as the leaf
 * entry that its holes have, so a stack fault needs one comparison. A touch of a hole of any other
 * stack is a kernel bug, and must not use up the frames that cover the running thread.
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
