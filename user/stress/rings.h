/*
 * Writing by rings that are shared with the file server, while another thread lies to the server in
 * a ring of its own.
 */
#pragma once

#include "lib/compiler.h"

/* Goes so many rounds. Returns the status: 0 if only the liar's own ring came to harm. */
int rings_run(uint64_t rounds);
