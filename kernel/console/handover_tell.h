/* Events that the kernel tells the program which has the console: console_handover.h. */
#pragma once

#include "lib/compiler.h"

enum console_handover_event {
    CONSOLE_HANDOVER_TEXT,      /* there is text to take */
    CONSOLE_HANDOVER_INTERRUPT, /* the serial port or the keyboard has interrupted */
    CONSOLE_HANDOVER_CHANGE,    /* the console was paused or resumed */
};

/*
 * Hook: tells the server, if there is one, what happened. Context: IRQ.
 */
extern void (*console_handover_told)(enum console_handover_event event);

/*
 * Tells the server of text that has come since the last call. Called by the console's service.
 * Context: THREAD.
 */
void console_handover_tell_text(void);

/*
 * Tells the server of an interrupt of a device. For kernel/hooks.c: the hook serial_lent_interrupt.
 * Context: IRQ.
 */
void console_handover_interrupt(void);
