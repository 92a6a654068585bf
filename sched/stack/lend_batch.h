/*
 * With stack=lend: takes back, in batches, pages that were lent and not touched
 * (mm/stack_modes/stack_lend.h).
 */
#pragma once

#include "lib/compiler.h"

/*
 * One turn: walks over some threads, from where the last turn stopped. Makes the untouched pages of
 * up to 64 stacks that no CPU uses LEND_UNMAPPING, shoots them down, and frees them. A stack in use
 * is left for a later walk. Does nothing if there can be no untouched pages. Returns the number of
 * frames that it freed. Context: THREAD; only the reclaimer calls this.
 */
uint32_t lend_batch_run(void);

/*
 * Says whether a walk has begun and has not reached the end of the list of threads. Context:
 * THREAD; only the reclaimer.
 */
bool lend_batch_is_under_way(void);

/* Says whether there may be untouched pages that no batch has taken back. Context: ANY. */
bool lend_batches_wanted(void);
