/*
 * The way of text from the console's ring to its devices, outside the ring's lock. The text goes in
 * pieces: what the serial port takes at once, at most to the end of a line, or a few cells of the
 * screen. A piece is written under a lock that is tried and not waited for, with preemption off and
 * interrupts on. The long waits, for the serial line, come between pieces, with no lock held. A
 * thread that is preempted there holds up nobody: any other goes on where it stopped.
 */
#pragma once

#include "kernel/console/handover_ring.h"
#include "kernel/console/output_ring.h"
#include "kernel/console/screen.h"

extern struct output_ring console_ring;

/* What goes to the serial line while a program has the port. Readers have the lock of
 * console_handover.c, or the port is not lent and they have the one here. */
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
 * Says that there is a thread that shows text for those who cannot wait. Context: THREAD, once.
 */
void console_output_thread_set(void);

/*
 * Shows the ring's text up to `position`, in order with what others show, and the screen if nothing
 * follows. Spins while the serial line is busy. Context: console_output_is_allowed().
 */
void console_output_until(uint64_t position);

/* Says whether there is text, or a change of the screen, that is not shown. Context: ANY. */
bool console_output_waits(void);

/*
 * Waits a bounded time for the serial port and shows one piece, or nothing if another CPU does.
 * Context: console_output_is_allowed().
 */
void console_output_piece(void);

/*
 * Shows all text of the ring, with no lock: the other CPUs are stopped, and one may have been at
 * it. Context: ANY; panic.
 */
void console_output_emergency(void);

/* Writes to all devices at once, past the ring and with no lock. Context: ANY; panic. */
void console_output_raw(const char *text, size_t bytes);

/* Sets the screen, which is drawn with the next text. Returns the last one. Context: THREAD. */
struct screen *console_output_screen_set(struct screen *screen);

/* Sets whether styles go to the serial line, too. Context: THREAD. */
void console_output_colours_set(bool on);
