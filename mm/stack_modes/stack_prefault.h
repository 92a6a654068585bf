/*
 * stack=prefault: the strategy of OSv's lazy stacks, for comparison. Wherever thread code turns
 * interrupts or preemption off, the page below the one in use is backed in advance, so no stack
 * fault comes while one of the two is off. The places are the patch sites of
 * arch/x86_64/cpu/patch_site.h, each with one of the five rules.
 *
 * A touch backs the page: one instruction reads a byte SITE_TOUCH_BYTES below the stack pointer. If
 * nothing is mapped there, the ordinary stack fault fills it from this CPU's magazine. The
 * alternative would be to read the page's entry before the touch. That costs six instructions each
 * time where the touch costs one, and saves one fault for each page of a stack
 * (docs/stack-modes.md). Near the end of a stack the touch reaches the guard. Then the holes above
 * are filled and the touch is skipped, because the thread itself did not use the guard.
 *
 * There is no gate, so nothing is guaranteed: if a magazine is empty, a fault is a panic. Only
 * sections that begin at a patch site are safe. A stack fault with interrupts or preemption off
 * means that a site is missing: the fault is served, and reported with a backtrace.
 */
#pragma once

#include "arch/x86_64/entry/backtrace.h"

/* Which sites check before they touch. */
enum stack_prefault_mode {
    STACK_PREFAULT_BY_RULE, /* a touch under rule 4, a check and a touch under rule 5 */
    STACK_PREFAULT_CHECK,   /* a check and a touch at every site */
};

/*
 * Sets which sites check before they touch.
 * Context: boot, before stack_mode_patch().
 */
void stack_prefault_mode_set(enum stack_prefault_mode mode);

/*
 * Returns which sites check before they touch.
 * Context: ANY.
 */
enum stack_prefault_mode stack_prefault_mode(void);

/*
 * Handles every page fault in this mode with the IDT. Notes a fault in a section as a missing site,
 * and then serves it as stack_fault() does. Returns what stack_fault() returns. Context: ENTRY.
 */
struct trap_frame *stack_prefault_fault(struct trap_frame *frame);

/*
 * Handles every page fault in this mode with FRED. Notes a fault in a section as a missing site,
 * and then serves it as stack_fault_fred() does. Returns what that returns. Context: ENTRY.
 */
struct trap_frame *stack_prefault_fault_fred(struct trap_frame *frame);

/*
 * Fills the holes in [address, address + bytes) as stack_fill() does, and then those in the
 * ENTRY_CONTINUE_BYTES below, on which a preemption runs with interrupts off. Returns false after
 * an overflow, as stack_fill() does. Context: ENTRY.
 */
bool stack_prefault_fill(struct trap_frame *frame, uintptr_t address, size_t bytes);

/*
 * Returns whether the stack is backed as far below `stack_pointer` as a section may go. Context:
 * ATOMIC.
 */
bool stack_prefault_ready(uintptr_t stack_pointer);

/*
 * Touches the stack in use down to `bytes` bytes below the caller, at most to the fault floor. For
 * sections that need more stack than a patch site touches. Does nothing in the other modes.
 * Context: THREAD.
 */
void stack_prefault_reach(size_t bytes);

/* A stack fault that came with interrupts or preemption off. */
struct stack_prefault_missing {
    uintptr_t address; /* the address that was touched */
    bool interrupts_off;
    bool preemption_off;
    struct backtrace trace;
};

#define STACK_PREFAULT_KEPT 4

/*
 * Returns how many stack faults came with interrupts or preemption off.
 * Context: ANY.
 */
uint32_t stack_prefault_missing_count(void);

/*
 * Returns stack fault number `number`, from 0, that came with interrupts or preemption off; NULL if
 * there is none, or if it is not among the first STACK_PREFAULT_KEPT.
 * Context: ANY.
 */
const struct stack_prefault_missing *stack_prefault_missing_read(uint32_t number);

/*
 * Forgets the stack faults that came with interrupts or preemption off. For a test that provoked
 * them.
 * Context: THREAD.
 */
void stack_prefault_missing_forget(void);

/*
 * Logs the stack faults that came with interrupts or preemption off and were not logged yet.
 * Context: THREAD.
 */
void stack_prefault_missing_log(void);
