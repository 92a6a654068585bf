/*
 * Text for people, line by line. The text goes to the output that the program was given. A program
 * without an output, such as a server, prints to the kernel's log, with its name before each line.
 */
#pragma once

#include "lib/format.h"

/*
 * The longest line, without its end and without the name before it. A longer line is broken into
 * several.
 */
#define PRINT_LINE_BYTES 200
#define PRINT_NAME_BYTES 31

/*
 * Prints a text, formatted as lib/format.h says. Every call ends the line that it begins, even
 * without a '\n', so lines of several threads do not mix. stream_print() of user/lib/stream.h does
 * not end lines.
 */
void printf(const char *format, ...) printf_like(1, 2);

/* Prints a va_list, as printf() does. */
void vprintf(const char *format, va_list arguments) printf_like(1, 0);

/*
 * Prints a text as printf() does, but to the stream for complaints, with the program's name first.
 */
void complain(const char *format, ...) printf_like(1, 2);
