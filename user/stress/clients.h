/* Calls to all servers, which may end meanwhile. */
#pragma once

#include "lib/compiler.h"

/*
 * Has threads call each server until the name service has ended so often, and says how the calls
 * ended: a call may fail with its server, and what an earlier server knew may be gone, but calls go
 * on. Returns 0 if that held.
 */
int clients_run(uint64_t ends);
