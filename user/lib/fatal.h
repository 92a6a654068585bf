/* The end of a program that cannot go on. */
#pragma once

#include "lib/compiler.h"

#define STATUS_FATAL 127

/* Prints a text as complain() of user/lib/print.h does, and ends the program with STATUS_FATAL. */
noreturn_function void fatal(const char *format, ...) printf_like(1, 2);
