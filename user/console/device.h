/*
 * The devices of a terminal. `com1` are those that the kernel hands over: the first serial port,
 * the screen and the keyboard, as far as there are such. `com2` is the second serial port alone.
 */
#pragma once

#include "user/console/uart.h"

/* Opens the devices and starts their thread, which serves the terminal. Ends the program if it cannot. */
void device_begin(const struct uart_place *place);

/* For struct terminal_port. */
void device_show(const char *text, size_t bytes);
void device_room_made(void);
