/*
 * A magazine with few rounds: scratch stacks of the calling CPU take them. As long as refills are
 * made to fail (FAULT_INJECT_REFILL), it keeps as few.
 */
#pragma once

#include "lib/compiler.h"

/* Makes enough scratch stacks, and keeps the caller on its CPU. False: no memory. Context: THREAD. */
must_check bool magazine_takers_begin(void);

/* Takes rounds until at most `rounds` are left. Context: ATOMIC, interrupts off. */
void magazine_leave(unsigned rounds);

/* Gives the frames back and ends the scratch stacks. Context: THREAD. */
void magazine_takers_end(void);
