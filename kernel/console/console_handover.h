/*
 * The hand-over of the console's devices to a program, the console server: of the serial port, the
 * screen and the keyboard, as far as there are such. docs/console.md has the protocol.
 *
 *   the kernel's ---begin---> lent ---pause---> paused ---resume---> lent
 *        ^-----------end-------+-----------------+
 *
 * While the console is lent the kernel touches no register of the devices. What would go to the
 * serial line goes to a ring, from which the server takes it; the kernel's own screen keeps it in
 * memory. While the console is paused the kernel has it back, for the monitor. At the end, and in a
 * panic, the kernel sets the port up anew, shows what the server did not take, and draws its screen
 * anew.
 */
#pragma once

#include "kernel/console/handover_tell.h"

/*
 * Lends the console. Context: THREAD. Errors: ERROR_NOT_FOUND (there is neither a serial port nor
 * a screen), ERROR_EXISTS (it was lent before).
 */
must_check int console_handover_begin(void);

/*
 * Takes the console back from the program, which is not to get it again. Does nothing if it is not
 * lent. Context: THREAD.
 */
void console_handover_end(void);

/*
 * Takes the console back for the monitor, until console_handover_resume(). Does nothing if it is
 * not lent. Context: THREAD.
 */
void console_handover_pause(void);

/* Lends a paused console again. Returns false if it was not paused. Context: THREAD. */
bool console_handover_resume(void);

/* Returns whether a program has the console lent but the monitor uses it. Context: THREAD. */
bool console_handover_is_paused(void);

/*
 * Copies up to `bytes` bytes of the text for the serial line, which stay in the ring, and stores in
 * *place where they are. Returns how many, or ERROR_AGAIN while the kernel has the console. Context: THREAD.
 */
must_check int64_t console_handover_peek(char *to, size_t bytes, uint32_t *place);

/*
 * Removes the `bytes` bytes that console_handover_peek() copied. Returns false, and removes
 * nothing, if somebody else has taken them meanwhile. Context: THREAD.
 */
must_check bool console_handover_drop(uint32_t place, size_t bytes);

/* Returns how often the console was lent, without resumes after a pause. Context: ANY. */
uint64_t console_handover_count(void);
