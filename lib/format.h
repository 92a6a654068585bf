/*
 * printf-like formatting without a buffer: the text goes piece by piece to a function.
 *
 * Understood: %d %i %u %x %X %o %p %s %c %% with the flags - 0 + # and space, width and precision
 * (digits or *), and the sizes hh h l ll z j t. No floating point. %p always prints 0x and sixteen
 * digits, so that columns of addresses line up; a null %s prints (null). An unknown conversion is
 * printed as it stands.
 *
 * No state and less than 200 bytes of stack a function: callable from any context, panic included.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "lib/compiler.h"

/* Receives `bytes` bytes of text, not terminated. */
typedef void (*format_put)(void *context, const char *text, size_t bytes);

/*
 * Formats to `put`; returns how many bytes were put. Takes over `arguments` like vprintf: its
 * value is undefined afterwards.
 */
size_t format_write(format_put put, void *context, const char *format, va_list arguments)
    printf_like(3, 0);

/*
 * Formats into an array of `size` bytes; cuts what does not fit and terminates always, unless
 * `size` is 0. Returns the length of the whole text, so a result >= size means it was cut.
 */
size_t format_string(char *buffer, size_t size, const char *format, ...) printf_like(3, 4);
size_t format_string_list(char *buffer, size_t size, const char *format, va_list arguments)
    printf_like(3, 0);
