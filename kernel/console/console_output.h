/*
 * Writes the text in the console's ring to the devices. The text is written in pieces: a piece is
 * what the serial port takes at once, at most to the end of a line, or a few cells of the screen. A
 * piece is written under a lock that is tried and never waited for, with preemption off and
 * interrupts on. The long waits, for the serial line, come between pieces, with no lock held. If a
 * thread is preempted there, another thread goes on with the next piece.
 */
#pragma once

#include "kernel/console/handover_ring.h"
#include "kernel/console/output_ring.h"
#include "lib/screen.h"

extern struct output_ring console_ring;

/*
 * Text for the serial line while a program has the port. A reader holds the lock of
 * console_handover.c while the port is lent, and the lock of console_output.c otherwise.
 */
extern struct handover_ring console_handover_ring;

/*
 * Lends the serial port to a program, or takes it back and shows what the program did not take.
 * Context: THREAD.
 */
void console_output_lend(bool lend);

/*
 * Returns true if text may be shown here and now: always until console_output_thread_set(), and
 * then with interrupts and preemption on. Context: ANY.
 */
bool console_output_is_allowed(void);

/*
 * Notes that the thread "console" runs, which shows the text of callers that may not wait. Context:
 * THREAD, once.
 */
void console_output_thread_set(void);

/*
 * Shows the ring's text up to `position`, and draws the screen if no text follows. Other threads
 * may show parts of it meanwhile. Spins while the serial line is busy. Context:
 * console_output_is_allowed().
 */
void console_output_until(uint64_t position);

/*
 * Says whether there is text, or a change of the screen, that has not been shown yet. Context: ANY.
 */
bool console_output_waits(void);

/*
 * Waits a bounded time for the serial port and shows one piece, or nothing if another CPU does.
 * Context: console_output_is_allowed().
 */
void console_output_piece(void);

/*
 * Shows all text of the ring, without a lock: the other CPUs are stopped, and one of them may hold
 * the lock. Context: ANY, in a panic.
 */
void console_output_emergency(void);

/*
 * Writes to all devices at once, past the ring and without a lock. Context: ANY, in a panic or an
 * NMI.
 */
void console_output_raw(const char *text, size_t bytes);

/*
 * Sets the screen that text goes to (NULL: none). It is drawn with the next text. Returns the
 * previous one. Context: THREAD.
 */
struct screen *console_output_screen_set(struct screen *screen);

/* Sets whether styles go to the serial line, too. Context: THREAD. */
void console_output_colours_set(bool on);
