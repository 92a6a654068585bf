/* One file in many streams: each reads it whole, a block at a time, in turns with the others. */
#pragma once

#include "lib/compiler.h"

/* Opens `count` streams of a large file, and compares what they read. Returns the status. */
int files_compare(uint64_t count);
