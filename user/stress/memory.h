/* Takes all memory there is, of the budget or, without one, of the machine. */
#pragma once

#include "lib/compiler.h"

/* Takes all memory, and each page that gets free, and holds it so long. Returns the status. */
int memory_hold(uint64_t seconds);

/* Pauses, and then does that: again and again. Returns the status after an error. */
int memory_tide(uint64_t seconds, uint64_t pause);
