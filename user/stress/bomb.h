/* Programs that start copies of themselves as fast as they can. */
#pragma once

#include "lib/compiler.h"

/*
 * Starts copies until the clock shows `until_ns`; each does the same. What stops them before is the
 * budget of the first one. That one, which has an output, says when a copy is refused and at last
 * how many it started. Returns 0; 1 if a start failed for another reason than a quota or memory.
 */
int bomb_run(uint64_t until_ns);
