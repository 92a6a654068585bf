/* The memory types that page-table entries select through the page attribute table (PAT). */
#pragma once

#include "lib/compiler.h"

/*
 * Changes one entry of the calling CPU's PAT: a page that has PWT without PCD is write-combining
 * from now on, and no longer write-through. All other entries stay as they are. On a CPU without a
 * PAT such a page stays write-through. Context: boot of each CPU, once, before it uses such a page.
 * Source: SDM volume 3A, 12.12 (11.12 in older editions).
 */
void page_attributes_set(void);

/* Returns true if PWT selects write-combining on the calling CPU. For tests. Context: ANY. */
bool page_attributes_combine(void);
