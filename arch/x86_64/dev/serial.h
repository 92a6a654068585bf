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

/*
 * Sets the terminal at the other end to no colours, a cursor and line wrap: firmware may have
 * switched that off. serial_init() and each way out of the kernel call it. Context: ANY.
 */
void serial_terminal_reset(void);

/* Waits (bounded) until the last byte has left the transmitter. Any context. */
void serial_drain(void);

/*
 * Turns the receive interrupt on and takes what has arrived before. The caller sees to it that
 * IRQ 4 calls serial_interrupt(). Context: THREAD, once.
 */
void serial_input_start(void);

/* Hook: gets each byte that arrives. It may call serial_input_hold(). Context: IRQ. */
extern void (*serial_receive)(uint8_t byte);

/*
 * Hook: the port has lost bytes. They were to come after those that its FIFO holds now, which are
 * SERIAL_FIFO_BYTES at most and follow through serial_receive. Context: IRQ.
 */
extern void (*serial_overrun)(void);

#define SERIAL_FIFO_BYTES 16

/*
 * Stops taking bytes from the port: they stay in its FIFO, and RTS asks the sender to wait. QEMU
 * does so when the FIFO is full. Context: IRQ; the caller serialises this with
 * serial_input_resume().
 */
void serial_input_hold(void);

/* Takes bytes again after serial_input_hold(). Context: ATOMIC, interrupts off. */
void serial_input_resume(void);

/* Hands the bytes that have arrived to serial_receive, without waiting. Context: IRQ. */
void serial_interrupt(void);
