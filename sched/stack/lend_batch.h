/*
 * With stack=lend: takes back, in batches, pages that were lent and not touched
 * (mm/stack_modes/stack_lend.h).
 */
#pragma once

#include "lib/compiler.h"

/*
 * Takes back the untouched pages of all stacks that no CPU uses, if there may be any: makes them
 * LEND_UNMAPPING, shoots down, frees. A stack that is in use is left for a later call. Returns the
 * number of frames. Context: THREAD; only the reclaimer calls this.
 */
uint32_t lend_batches_run(void);

/* Says whether there may be untouched pages that no batch has taken back. Context: ANY. */
bool lend_batches_wanted(void);
