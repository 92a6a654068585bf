/* Text for people: a program prints to the kernel's log, line by line. */
#pragma once

#include "lib/format.h"

/* The longest line, without its end and the name before it. A longer one is broken. */
#define PRINT_LINE_BYTES 200
#define PRINT_NAME_BYTES 31

/*
 * Prints a text, formatted as lib/format.h says, to the kernel's log, with the program's name before
 * each line. Every call ends the line that it begins, with or without a '\n', so lines of several
 * threads do not mix.
 */
void printf(const char *format, ...) printf_like(1, 2);

/* Prints a va_list, as printf() does. */
void vprintf(const char *format, va_list arguments) printf_like(1, 0);
