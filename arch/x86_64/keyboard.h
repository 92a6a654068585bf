/*
 * The PS/2 keyboard behind an i8042 controller. A machine without one is noticed; every wait is
 * bounded.
 */
#pragma once

#include "lib/compiler.h"

#define KEYBOARD_LINE 1 /* its ISA interrupt */

/*
 * Sets the controller up and hands every key (lib/key.h) to `receive` from then on, on the
 * interrupt entry stack with interrupts off. ERROR_NOT_FOUND if there is no controller or no
 * keyboard. The caller has keyboard_interrupt() called on IRQ 1. Thread context, once.
 */
must_check int keyboard_start(void (*receive)(int key));

/* Takes what has arrived, without waiting. Interrupt handler of IRQ 1. */
void keyboard_interrupt(void);
