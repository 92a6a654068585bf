/*
 * The heart: hanging frames into the running thread's stack where it touched a hole. Runs on the
 * page-fault entry stack and never allocates, locks, waits or zeroes: the frames lie in this CPU's
 * magazine before the thread is dispatched (see magazine.h), so a stack fault cannot fail.
 */
#pragma once

#include "arch/x86_64/entry/entry.h"
#include "mm/stack/stack_slot.h"
#include "mm/stack/stack_use.h"

/*
 * What a served fault looked like, for whoever asked to be told. A page that is filled because an
 * event frame is to be moved there counts as a fault of the interrupted instruction.
 */
struct stack_fault_event {
    uintptr_t address; /* what was touched */
    uintptr_t rip;     /* by which instruction */
    uint32_t slot;
    uint32_t pages; /* filled by this fault */
    uint32_t available;
    uint64_t entry_tsc;
};

/* Called for every served fault if set; entry stack: it may only write to memory of its own. */
extern void (*stack_fault_observer)(const struct stack_fault_event *event);

/*
 * Called for a touch of a guard of a stack this CPU uses: must rewrite the frame so that the thread
 * ends, or panic. Registered by sched. Entry stack.
 */
extern void (*stack_overflow_handler)(struct trap_frame *frame, uintptr_t address, uint32_t slot);

/*
 * Says whose stack a slot is and what its thread does, for the panic about a stray access; "" if it
 * cannot be told. Registered by sched. Entry stack; takes no lock that may be held.
 */
extern const char *(*stack_owner_describe)(uint32_t slot);

/* Registers the stack cases with the entry code. Once, at boot. */
void stack_fault_init(void);

/* The first handler of every page fault, as entry.asm calls it. */
struct trap_frame *stack_fault(struct trap_frame *frame);

/* The same with FRED: the address comes in the frame. */
struct trap_frame *stack_fault_fred(struct trap_frame *frame);

/*
 * Fills the holes down to the address if it is a hole of a stack in use here, as a fault would;
 * else nothing. Entry stack, or interrupts off.
 */
void stack_hole_fill(uintptr_t address);

/*
 * Fills the holes that [address, address + bytes) of a stack in use here needs; false, and an
 * overflow raised on the frame, if part of it is guard, or of the ENTRY_CONTINUE_BYTES below. Entry
 * stack, or interrupts off.
 */
bool stack_fill(struct trap_frame *frame, uintptr_t address, size_t bytes);
