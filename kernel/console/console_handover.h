/*
 * The hand-over of the serial port to a program, the console server. docs/console.md has the
 * protocol.
 *
 *   the kernel's ---begin---> lent ---pause---> paused ---resume---> lent
 *        ^-----------end-------+-----------------+
 *
 * While the port is lent the kernel touches no register of it. What would go to the serial line
 * goes to a ring, from which the server takes it. While it is paused the kernel has the port back,
 * for the monitor. At the end, and in a panic, the kernel sets the port up anew and shows what the
 * server did not take.
 */
#pragma once

#include "kernel/console/handover_tell.h"

/*
 * Lends the serial port. Context: THREAD. Errors: ERROR_NOT_FOUND (there is no port), ERROR_EXISTS
 * (it was lent before).
 */
must_check int console_handover_begin(void);

/* Takes the port back for good. Nothing if it is not lent. Context: THREAD. */
void console_handover_end(void);

/*
 * Takes the port back for the monitor, until console_handover_resume(). Nothing if it is not lent.
 * Context: THREAD.
 */
void console_handover_pause(void);

/* Lends a paused port again. Returns false if it was not paused. Context: THREAD. */
bool console_handover_resume(void);

/* Returns whether the monitor has a port that was lent. Context: THREAD. */
bool console_handover_is_paused(void);

/*
 * Takes text for the serial line out of the ring: up to `bytes` bytes. Returns how many, or
 * ERROR_AGAIN while the kernel has the port. Context: THREAD.
 */
must_check int64_t console_handover_take(char *to, size_t bytes);

/* Returns how often the port was lent, resumes apart. Context: ANY. */
uint64_t console_handover_count(void);
