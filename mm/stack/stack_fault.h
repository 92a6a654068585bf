/*
 * The stack fault: maps frames into the running thread's stack where the thread touched a hole. It
 * runs on the page-fault entry stack and never allocates, locks, waits or zeroes. The frames are in
 * this CPU's magazine before the thread is dispatched (magazine.h), so a stack fault cannot fail.
 */
#pragma once

#include "arch/x86_64/entry/entry.h"
#include "mm/stack/stack_slot.h"
#include "mm/stack/stack_use.h"

/*
 * A stack fault that was served, for the observer. A page that is filled because an event frame is
 * moved there counts as a fault of the interrupted instruction.
 */
struct stack_fault_event {
    uintptr_t address; /* the address that was touched */
    uintptr_t rip;     /* the instruction that touched it */
    uint32_t slot;
    uint32_t pages;     /* pages filled */
    uint32_t available; /* rounds left in the magazine */
    uint64_t entry_tsc;
    const struct trap_frame *frame; /* of the interrupted code; valid during the call */
};

/*
 * Observer: called for every served fault while set. It may only write to memory of its own.
 * Context: ENTRY.
 */
extern void (*stack_fault_observer)(const struct stack_fault_event *event);

/*
 * Hook: handles a touch of the guard of a stack that this CPU uses. It changes the frame so that
 * the thread ends, or panics. Context: ENTRY.
 */
extern void (*stack_overflow_handler)(struct trap_frame *frame, uintptr_t address, uint32_t slot);

/*
 * Hook: describes the thread that owns a slot and where it waits, for the panic about a stray
 * access; "" if that is unknown. Context: ENTRY; it tries locks and does not wait for them.
 */
extern const char *(*stack_owner_describe)(uint32_t slot);

/*
 * Panics unless this CPU's magazine covers the pages that the stack in use misses (I3), which is
 * true at every instruction of a thread that can be interrupted. Context: ENTRY.
 */
void stack_cover_check(void);

/*
 * Returns whether no page is missing from the stack that holds `address`; stacks of the boot and of
 * entries are whole. Context: ANY.
 */
bool stack_is_whole(uintptr_t address);

/*
 * Handles a page fault with IDT entry; entry.asm calls it first for every page fault. Returns the
 * frame to continue on another stack, or NULL to return from the fault.
 * Context: ENTRY.
 */
struct trap_frame *stack_fault(struct trap_frame *frame);

/*
 * Handles a page fault with FRED, where the frame has the address. Returns the frame to continue on
 * another stack, or NULL to return from the fault.
 * Context: ENTRY.
 */
struct trap_frame *stack_fault_fred(struct trap_frame *frame);

/*
 * The short path of the stack fault, to which entry.asm jumps (page_fault_short_path). It serves a
 * touch of a hole if there are only holes between the address and the backed part of the stack, and
 * leaves everything else to stack_fault(). Not called from C. Context: ENTRY.
 */
void stack_fault_path(void);

#ifdef INVARIANT
/*
 * Panics if an entry stack raised the fault (I1), or if what the short path did breaks I3 or I4.
 * Context: ENTRY. Called from stack_fault_path.asm only, when the fault has been served.
 */
void stack_fault_path_check(const struct trap_frame *frame);
#endif

/*
 * Fills the holes down to the address, if that lies in a hole of a stack in use here; else does
 * nothing.
 * Context: ENTRY, or ATOMIC with interrupts off.
 */
void stack_hole_fill(uintptr_t address);

/*
 * Fills the holes in [address, address + bytes) of a stack in use here. If part of that range, or
 * of the ENTRY_CONTINUE_BYTES below it, is guard or beyond the fault floor, it raises an overflow
 * on the frame and returns false.
 * Context: ENTRY, or ATOMIC with interrupts off.
 */
bool stack_fill(struct trap_frame *frame, uintptr_t address, size_t bytes);
