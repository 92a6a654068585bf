/*
 * With stack=lend: takes back, in batches, pages that were lent and not touched
 * (mm/stack_modes/stack_lend.h).
 */
#pragma once

#include "lib/compiler.h"

/*
 * One turn of taking back: walks over some threads, from where the last turn stopped. The untouched
 * pages of up to 64 stacks that no CPU uses become LEND_UNMAPPING; then it shoots down and frees. A
 * stack that is in use is left for a later walk. Does nothing if no untouched pages are to be
 * expected. Returns the number of frames. Context: THREAD; only the reclaimer calls this.
 */
uint32_t lend_batch_run(void);

/* Says whether the walk has not come to its end. Context: THREAD; only the reclaimer. */
bool lend_batch_is_under_way(void);

/* Says whether there may be untouched pages that no batch has taken back. Context: ANY. */
bool lend_batches_wanted(void);
