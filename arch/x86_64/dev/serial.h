/*
 * Driver of the serial port COM1 at 115200 baud, 8N1. Output is by polling, so that it works in any
 * context, NMI and panic included. Input is by interrupt. If the machine has no UART, the output
 * functions and serial_input_start() do nothing.
 */
#pragma once

#include "lib/compiler.h"

#define SERIAL_LINE 4 /* the port's ISA interrupt line */

/*
 * Checks by a loopback test that the port exists, and sets it up. Output before this call is
 * dropped. Context: boot, on CPU 0, once.
 */
void serial_init(void);

/* Returns true if serial_init() found a working port. Context: ANY. */
bool serial_present(void);

/*
 * Writes `bytes` bytes, and "\n" as "\r\n". A byte that the port does not accept in a bounded time
 * is dropped. Takes no lock: if two CPUs write at once, their bytes are mixed. Writes also while a
 * program has the port. Context: ANY.
 */
void serial_write_raw(const char *text, size_t bytes);

/*
 * Waits until the transmitter is empty. Returns false if there is no port, or if the transmitter
 * does not become empty in a bounded time. Takes no lock: another CPU may write first. Context:
 * ANY.
 */
bool serial_room_wait(void);

/*
 * Returns how many calls of serial_put_now() the transmitter has room for; 0 also if there is no
 * port. Does not wait. Context: ANY.
 */
unsigned serial_room(void);

/*
 * Writes one byte as it is, and does not check that the transmitter has room: the caller has asked
 * serial_room(), and lets nobody else write in between. Context: ANY.
 */
void serial_put_now(uint8_t byte);

/*
 * Sets the terminal at the other end to default colours, a visible cursor and line wrap, because
 * firmware or a program may have changed them. Called by serial_init() and by the functions of
 * reset.h. Context: ANY.
 */
void serial_terminal_reset(void);

/* Waits, for a bounded time, until the transmitter has sent its last byte. Context: ANY. */
void serial_drain(void);

/*
 * Turns the receive interrupt on, and reads the bytes that have arrived before. The caller has set
 * both hooks and connected the line SERIAL_LINE to serial_interrupt(). Context: THREAD, once.
 */
void serial_input_start(void);

/*
 * Hook: serial_interrupt() calls it with each byte that arrives. It may call serial_input_hold().
 * Context: that of serial_interrupt().
 */
extern void (*serial_receive)(uint8_t byte);

/*
 * Hook: serial_interrupt() calls it when the port has lost bytes because its FIFO was full. The
 * lost bytes came after those that the FIFO holds now: at most SERIAL_FIFO_BYTES, which
 * serial_receive gets next. Context: that of serial_interrupt().
 */
extern void (*serial_overrun)(void);

#define SERIAL_FIFO_BYTES 16

/*
 * Stops reading bytes from the port: they stay in its FIFO, and RTS off asks the sender to wait.
 * (QEMU waits only when the FIFO is full.) Context: IRQ; the caller serialises this with
 * serial_input_resume().
 */
void serial_input_hold(void);

/*
 * Reads bytes from the port again after serial_input_hold(). Context: ATOMIC, interrupts off; the
 * caller serialises this with serial_input_hold().
 */
void serial_input_resume(void);

/*
 * Reads the bytes that have arrived and passes them to serial_receive, until serial_input_hold() is
 * called. Does not wait. Context: IRQ; ATOMIC with interrupts off, to poll.
 */
void serial_interrupt(void);

/*
 * Leaves the port, if there is one, to a program, as part of the console that it is lent. Until
 * serial_take_back() the driver drops output, serial_interrupt() calls serial_lent_interrupt, and
 * only serial_write_raw() touches the port. The caller sees to it that nobody writes while this
 * function runs. Context: ATOMIC.
 */
void serial_lend(void);

/* Sets a lent port up again, whatever state the program left it in. Context: ANY. */
void serial_take_back(void);

/* Returns whether the port is lent. Context: ANY. */
bool serial_is_lent(void);

/* Hook: serial_interrupt() calls it while the port is lent. Context: that of serial_interrupt(). */
extern void (*serial_lent_interrupt)(void);
