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

/*
 * Takes the port back from the program, which is not to get it again. Does nothing if it is not
 * lent. Context: THREAD.
 */
void console_handover_end(void);

/*
 * Takes the port back for the monitor, until console_handover_resume(). Does nothing if it is not
 * lent. Context: THREAD.
 */
void console_handover_pause(void);

/* Lends a paused port again. Returns false if it was not paused. Context: THREAD. */
bool console_handover_resume(void);

/*
 * Returns whether the port is paused: lent to a program, but used by the monitor. Context: THREAD.
 */
bool console_handover_is_paused(void);

/*
 * Takes up to `bytes` bytes of text for the serial line out of the ring. Returns how many it took,
 * or ERROR_AGAIN while the kernel has the port. Context: THREAD.
 */
must_check int64_t console_handover_take(char *to, size_t bytes);

/* Returns how often the port was lent, without resumes after a pause. Context: ANY. */
uint64_t console_handover_count(void);
