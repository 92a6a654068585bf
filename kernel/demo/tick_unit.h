/* The meaning of one tick of the time stamp counter on this machine. */
#pragma once

#include "lib/compiler.h"

/*
 * Returns true if the counter counts the instructions of the guest, as in Bochs and in QEMU with
 * -icount shift=0. Measures with loops of known length. Context: THREAD.
 */
bool ticks_are_instructions(void);
