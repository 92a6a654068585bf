/* The memory types that page-table entries select through the page attribute table (PAT). */
#pragma once

#include "lib/compiler.h"

/*
 * Makes the entry that PWT selects write-combining on the calling CPU, in place of write-through.
 * All other entries keep the types that they have after reset. On a CPU without a PAT, PWT goes on
 * to mean write-through. Context: boot of each CPU, once, before it uses a page that has PWT
 * without PCD. Source: SDM volume 3A, 12.12 (11.12 in older editions).
 */
void page_attributes_set(void);

/* Returns true if PWT selects write-combining on the calling CPU. For tests. Context: ANY. */
bool page_attributes_combine(void);
