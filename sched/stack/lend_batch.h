/* Taking back, in batches, what stack=lend lent and nobody touched (mm/stack_modes/stack_lend.h).
 */
#pragma once

#include "lib/compiler.h"

/*
 * Takes back the untouched pages of all stacks that no CPU uses, if there may be any: makes them
 * lend_unmapping, shoots down, frees. A stack that is in use just then has its turn in a later
 * call, though no other is filled until then. Returns how many frames. The reclaimer's: thread
 * context, interrupts on, no lock held.
 */
uint32_t lend_batches_run(void);

/* May there be untouched pages that no batch has taken back yet? Any context. */
bool lend_batches_wanted(void);
