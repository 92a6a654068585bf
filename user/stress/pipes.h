/* A storm of bytes: pairs of threads that send one byte to and fro, each by two pipes. */
#pragma once

#include "lib/compiler.h"

/* Runs the storm for some time, and prints how many round trips there were. Returns the status. */
int pipes_storm(uint64_t pairs, uint64_t seconds);
