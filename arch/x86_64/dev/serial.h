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
 * Turns the receive interrupt on and takes what has arrived before. The caller sees to it that
 * IRQ 4 calls serial_interrupt(). Context: THREAD, once.
 */
void serial_input_start(void);

/* Hook: gets each byte that arrives. Context: IRQ. */
extern void (*serial_receive)(uint8_t byte);

/* Hands the bytes that have arrived to serial_receive, without waiting. Context: IRQ. */
void serial_interrupt(void);
