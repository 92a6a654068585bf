/* How many threads wait in calls of an endpoint that nobody has received yet. */
#pragma once

#include "kernel/ipc/endpoint.h"

/* Returns their number. Context: THREAD. */
uint32_t endpoint_callers_count(struct endpoint *endpoint);
