/*
 * The first serial port, which the kernel hands over (docs/console.md): its text, and the key that
 * gives the port to the kernel's monitor.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Takes the port. The notification gets these bits when the kernel has text, when the port
 * interrupts, and when the monitor takes the port or gives it back. Errors: those of
 * console_take().
 */
must_check int handover_begin(uint32_t notification, uint64_t text, uint64_t interrupt,
                              uint64_t change);

/* Returns whether handover_begin() succeeded. */
bool handover_has_begun(void);

/*
 * Takes text of the kernel. Returns how many bytes, 0 if there is none; ERROR_AGAIN while the
 * monitor has the port.
 */
must_check int64_t handover_text(char *to, size_t bytes);

/* Gives the port to the monitor, until its command `resume`. */
void handover_monitor(void);
