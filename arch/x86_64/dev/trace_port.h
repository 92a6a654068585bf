/*
 * The second serial port, COM2, at 115200 baud, 8N1: output of binary data by polling, for the
 * trace. Nothing else uses this port.
 */
#pragma once

#include "lib/compiler.h"

/* Checks by a loopback test that the port exists, and sets it up. Returns false if there is none.
 * Context: THREAD, once. */
must_check bool trace_port_init(void);

/*
 * Writes bytes to the port as they are. It waits for room, at most some milliseconds for each 16
 * bytes. Returns false if the port takes no more. Context: THREAD; one caller at a time.
 */
must_check bool trace_port_write(const void *data, size_t bytes);
