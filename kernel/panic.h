/* The report of a panic, and how the machine ends then. */
#pragma once

#include <stdarg.h>

#include "lib/compiler.h"

/*
 * Stops the other CPUs, writes the message, registers, backtrace and state of the stacks to the
 * console, and ends the machine as the option panic= says. Does not return. Context: ANY.
 */
void panic_handle(const char *format, va_list arguments) printf_like(1, 0);
