/* Driver of the PS/2 keyboard at an i8042 controller. Every wait is bounded. */
#pragma once

#include "lib/compiler.h"

#define KEYBOARD_LINE 1 /* the keyboard's ISA interrupt line */

/*
 * Sets up the controller and turns the keyboard and its interrupt on. The caller sets
 * keyboard_receive and connects the line KEYBOARD_LINE to keyboard_interrupt(). Context: THREAD,
 * once. Errors: ERROR_NOT_FOUND (no controller answers).
 */
must_check int keyboard_start(void);

/*
 * Hook: keyboard_interrupt() calls it with each byte of a scan code, of scan code set 1. Context:
 * that of keyboard_interrupt().
 */
extern void (*keyboard_receive)(uint8_t scan_code);

/*
 * Reads the bytes that have arrived and passes the keyboard's to keyboard_receive. Does not wait.
 * Context: IRQ; ATOMIC with interrupts off, to poll.
 */
void keyboard_interrupt(void);

/* Returns whether keyboard_start() has found a keyboard. Context: ANY. */
bool keyboard_present(void);

/*
 * Does what keyboard_interrupt() does, if there is a keyboard: after a program had it, a byte that
 * it did not read keeps the line up, and an edge would never come again. Context: THREAD.
 */
void keyboard_drain(void);
