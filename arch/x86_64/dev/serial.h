/*
 * COM1 at 115200 8N1: output by polling, so that it works in any context, NMI and panic included;
 * input by interrupt. A machine without a UART is noticed, and everything here then does nothing.
 */
#pragma once

#include "lib/compiler.h"

#define SERIAL_LINE 4 /* its ISA interrupt */

/* Looks for the port (a loopback test) and sets it up; before it, writes are dropped. CPU 0. */
void serial_init(void);

/* Was a working port found? Any context. */
bool serial_present(void);

/*
 * Writes bytes, "\n" as "\r\n". No lock, every wait is bounded: any context, NMI included. Writers
 * that overlap mix their bytes, nothing worse.
 */
void serial_write_raw(const char *text, size_t bytes);

/* Waits (bounded) until the last byte has left the transmitter. Any context. */
void serial_drain(void);

/*
 * From now on hands every byte that arrives to `receive`, on the interrupt entry stack with
 * interrupts off. The caller has serial_interrupt() called on IRQ 4. Thread context, once.
 */
void serial_input_start(void (*receive)(uint8_t byte));

/* Takes what has arrived, without waiting. Interrupt handler of IRQ 4. */
void serial_interrupt(void);
