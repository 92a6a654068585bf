/* The serial port of a console: a 16550 UART, by a range of I/O ports and an interrupt object. */
#pragma once

#include "lib/compiler.h"

/* A port that a PC has: where it lies, and its line of the interrupt controller. */
struct uart_place {
    const char *name; /* "com1" */
    uint16_t ports;
    uint8_t line;
};

/* Returns the place of a name, or NULL. */
const struct uart_place *uart_place_find(const char *name);

/*
 * Opens the ports of a place with the handle that the program was given. After an error *reason
 * says why, in words. Errors: ERROR_NOT_FOUND (there is no UART), and those of ports_create().
 */
must_check int uart_open(const struct uart_place *place, const char **reason);

/* Makes the UART's interrupts signal the notification by these bits. Errors: those of interrupt_create(). */
must_check int uart_interrupts_open(uint32_t notification, uint64_t bits);

/* Sets the UART up: 115,200 baud, and an interrupt when bytes come. */
void uart_init(void);

/* Sends text; "\n" becomes "\r\n". Waits while the UART is busy. */
void uart_send(const char *text, size_t bytes);

/* Lets the next byte signal. Called before the bytes are taken: the line is edge-triggered. */
void uart_acknowledge(void);

/* Takes a byte that has come. Returns false if there is none. */
must_check bool uart_receive(uint8_t *byte);
