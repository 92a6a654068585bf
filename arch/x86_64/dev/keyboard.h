/* The PS/2 keyboard behind an i8042 controller. Every wait is bounded. */
#pragma once

#include "lib/compiler.h"

#define KEYBOARD_LINE 1 /* its ISA interrupt */

/*
 * Sets the controller up; from then on every scan code byte (set 1) goes to keyboard_receive. The
 * caller connects IRQ 1 to keyboard_interrupt(). Context: THREAD, once. Errors: ERROR_NOT_FOUND if
 * there is no controller or no keyboard.
 */
must_check int keyboard_start(void);

/* Hook: gets each byte of a scan code. Context: IRQ. */
extern void (*keyboard_receive)(uint8_t scan_code);

/* Reads the bytes that have arrived, without waiting. Context: IRQ, or ATOMIC when it is polled. */
void keyboard_interrupt(void);
