/*
 * The code of fred_entry.asm, entered without FRED: the frame that the CPU would push is made on a
 * stack of the test's, and the registers are set. Where FRED is not active ERETS is no instruction;
 * then its #UD does what it would do, as far as level 0 goes. So that entry, exit and layout are
 * tested on every machine.
 */
#pragma once

#include "arch/x86_64/entry/fred.h"

#define BY_HAND_REGISTERS 15 /* R15 first, RAX last: as in struct trap_frame */

/*
 * One event. Of the frame RIP and RSP are made here: it interrupts the very function. `registers`
 * are set before it, and read after it. Interrupts must be off; they are what the frame says
 * afterwards. Returns how often ERETS was done by its #UD.
 */
unsigned fred_by_hand(const struct fred_frame *frame, uint64_t *registers);

/* Where the event interrupts, and the stack on which the frame is made: fred_by_hand.asm, .c. */
extern const char fred_by_hand_back[];
uintptr_t fred_by_hand_stack_top(void);

/* A frame of this type and vector that interrupted the kernel at level 0, interrupts off. */
struct fred_frame fred_by_hand_frame(unsigned type, unsigned vector, uint64_t data);
