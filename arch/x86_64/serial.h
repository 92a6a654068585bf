/* COM1 at 115200 8N1, by polling. */
#pragma once

#include "lib/compiler.h"

/* Sets the port up; before it, writes are dropped. */
void serial_init(void);

/* Writes bytes, "\n" as "\r\n". No lock; any context. */
void serial_write_raw(const char *text, size_t bytes);

/* Waits until the last byte has left the transmitter. Any context. */
void serial_drain(void);
