/*
 * printf-like formatting without a buffer: the text goes piece by piece to a function.
 *
 * Understood: %d %i %u %x %X %o %p %s %c %% with the flags - 0 + # and space, width and precision
 * (digits or *), and the sizes hh h l ll z j t. No floating point. %p always prints 0x and sixteen
 * digits, so that columns of addresses line up; a null %s prints (null). An unknown conversion is
 * printed as it stands.
 *
 * No function has a frame of more than 200 bytes in the release build. Context of all functions:
 * ANY, if the output function allows it.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "lib/compiler.h"

/* Receives `bytes` bytes of text, not terminated. */
typedef void (*format_put)(void *context, const char *text, size_t bytes);

/*
 * Formats to `put`. Returns the number of bytes. `arguments` is undefined afterwards, as with
 * vprintf().
 */
size_t format_write(format_put put, void *context, const char *format, va_list arguments)
    printf_like(3, 0);

/*
 * Formats into an array of `size` bytes. The text is cut where it does not fit, and is always
 * terminated, unless `size` is 0. Returns the length of the whole text: a result >= size means that
 * it was cut.
 */
size_t format_string(char *buffer, size_t size, const char *format, ...) printf_like(3, 4);

/*
 * Formats a va_list into an array of `size` bytes. Returns the length of the whole text, which is
 * cut and terminated as by format_string().
 */
size_t format_string_list(char *buffer, size_t size, const char *format, va_list arguments)
    printf_like(3, 0);
