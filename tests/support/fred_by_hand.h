/*
 * Enters the code of fred_entry.asm without FRED: the test makes the frame that the CPU would push
 * on a stack of its own, and sets the registers. Where FRED is not active, ERETS raises #UD, whose
 * handler does what ERETS would do at level 0. So entry, exit and layout are tested on every
 * machine.
 */
#pragma once

#include "arch/x86_64/entry/fred.h"

#define BY_HAND_REGISTERS 15 /* R15 first, RAX last: as in struct trap_frame */

/*
 * Enters by one event. Sets RIP and RSP of the frame: the event interrupts this very function. The
 * `registers` are loaded before it and stored after it. Interrupts must be off; afterwards they are
 * as the frame says. Returns the number of ERETS that were emulated by #UD.
 */
unsigned fred_by_hand(const struct fred_frame *frame, uint64_t *registers);

/* The place that the event interrupts, and the stack of its frame: fred_by_hand.asm, .c. */
extern const char fred_by_hand_back[];
uintptr_t fred_by_hand_stack_top(void);

/*
 * Returns a frame of this type and vector that interrupted the kernel at level 0, interrupts off.
 */
struct fred_frame fred_by_hand_frame(unsigned type, unsigned vector, uint64_t data);
