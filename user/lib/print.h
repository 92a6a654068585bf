/*
 * Text for people, line by line. It goes to the output that the program was given; a program
 * without one, such as a server, prints to the kernel's log, with its name before each line.
 */
#pragma once

#include "lib/format.h"

/* The longest line, without its end and the name before it. A longer one is broken. */
#define PRINT_LINE_BYTES 200
#define PRINT_NAME_BYTES 31

/*
 * Prints a text, formatted as lib/format.h says. Every call ends the line that it begins, with or
 * without a '\n', so lines of several threads do not mix. user/lib/stream.h has prints that do not.
 */
void printf(const char *format, ...) printf_like(1, 2);

/* Prints a va_list, as printf() does. */
void vprintf(const char *format, va_list arguments) printf_like(1, 0);

/* Prints a text, as printf() does, to where complaints go, with the program's name before each line. */
void complain(const char *format, ...) printf_like(1, 2);
