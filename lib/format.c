/* printf-like formatting: one pass over the format, one small record for the conversion at hand. */
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/string.h"

/* Enough for 64 bits in octal. */
#define DIGITS_MAX 22

#define PRECISION_NONE -1

struct format_output {
    format_put put;
    void *context;
    size_t bytes; /* put so far */
};

/* The characters between a % and its letter. */
struct conversion {
    bool left;      /* - : pad on the right */
    bool zero;      /* 0 : pad numbers with zeros */
    bool plus;      /* + : sign on positive numbers as well */
    bool space;     /*   : a space where the sign would be */
    bool alternate; /* # : 0x before hexadecimal */
    int size;       /* -2: hh, -1: h, 0: int, 1: l and the other sizes that have 64 bits */
    int width;
    int precision;
};

static void emit(struct format_output *output, const char *text, size_t bytes)
{
    if (bytes == 0) {
        return;
    }
    output->put(output->context, text, bytes);
    output->bytes += bytes;
}

static void emit_padding(struct format_output *output, char character, int count)
{
    static const char spaces[16] = "                ";
    static const char zeros[16] = "0000000000000000";
    const char *source = character == '0' ? zeros : spaces;

    for (; count > 0; count -= (int)sizeof(spaces)) {
        emit(output, source, count < (int)sizeof(spaces) ? (size_t)count : sizeof(spaces));
    }
}

static void emit_text(struct format_output *output, const struct conversion *how, const char *text)
{
    size_t length;
    int padding;

    if (text == NULL) {
        text = "(null)";
    }
    length =
        how->precision == PRECISION_NONE ? strlen(text) : strnlen(text, (size_t)how->precision);
    padding = (size_t)how->width > length ? how->width - (int)length : 0;
    if (!how->left) {
        emit_padding(output, ' ', padding);
    }
    emit(output, text, length);
    if (how->left) {
        emit_padding(output, ' ', padding);
    }
}

/* Prints sign or prefix, zeros and digits, in that order, inside the width. */
static void emit_number(struct format_output *output, const struct conversion *how, uint64_t value,
                        unsigned base, bool capital, const char *prefix)
{
    const char *letters = capital ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[DIGITS_MAX];
    int first = DIGITS_MAX;
    int prefix_length = (int)strlen(prefix);
    int zeros, padding;

    for (; value != 0; value /= base) {
        digits[--first] = letters[value % base];
    }
    if (first == DIGITS_MAX && how->precision != 0) {
        digits[--first] = '0';
    }

    zeros = how->precision - (DIGITS_MAX - first);
    padding = how->width - prefix_length - (DIGITS_MAX - first) - (zeros > 0 ? zeros : 0);
    if (how->zero && !how->left && how->precision == PRECISION_NONE) {
        zeros = padding;
        padding = 0;
    }
    if (!how->left) {
        emit_padding(output, ' ', padding);
    }
    emit(output, prefix, (size_t)prefix_length);
    emit_padding(output, '0', zeros);
    emit(output, digits + first, (size_t)(DIGITS_MAX - first));
    if (how->left) {
        emit_padding(output, ' ', padding);
    }
}

static void emit_signed(struct format_output *output, const struct conversion *how, int64_t value)
{
    const char *prefix = value < 0 ? "-" : how->plus ? "+" : how->space ? " " : "";
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    emit_number(output, how, magnitude, 10, false, prefix);
}

/* Reads digits; stops adding before the number could overflow an int. */
static const char *parse_digits(const char *format, int *value)
{
    *value = 0;
    for (; *format >= '0' && *format <= '9'; format++) {
        if (*value < 100000) {
            *value = *value * 10 + (*format - '0');
        }
    }
    return format;
}

static const char *parse_flags(const char *format, struct conversion *how)
{
    *how = (struct conversion){.precision = PRECISION_NONE};
    for (;; format++) {
        switch (*format) {
        case '-':
            how->left = true;
            break;
        case '0':
            how->zero = true;
            break;
        case '+':
            how->plus = true;
            break;
        case ' ':
            how->space = true;
            break;
        case '#':
            how->alternate = true;
            break;
        default:
            return format;
        }
    }
}

static const char *parse_size(const char *format, struct conversion *how)
{
    for (;; format++) {
        switch (*format) {
        case 'h':
            how->size--;
            break;
        case 'l':
        case 'z':
        case 'j':
        case 't':
            how->size = 1;
            break;
        default:
            return format;
        }
    }
}

static int64_t narrow_signed(const struct conversion *how, int value)
{
    return how->size == -1 ? (short)value : how->size < -1 ? (signed char)value : value;
}

static uint64_t narrow_unsigned(const struct conversion *how, unsigned value)
{
    return how->size == -1 ? (unsigned short)value : how->size < -1 ? (unsigned char)value : value;
}

/* Writes the text up to the next % in one piece. Returns the place of the %, or of the end. */
static const char *emit_literal(struct format_output *output, const char *format)
{
    const char *end = format;

    while (*end != '\0' && *end != '%') {
        end++;
    }
    emit(output, format, (size_t)(end - format));
    return end;
}

size_t format_write(format_put put, void *context, const char *format, va_list arguments)
{
    struct format_output output = {.put = put, .context = context};
    struct conversion how;
    const char *start;
    uint64_t value;
    char character[2] = {0, 0};

    for (format = emit_literal(&output, format); *format != '\0';
         format = emit_literal(&output, format)) {
        start = format; /* at the % */
        format = parse_flags(format + 1, &how);
        if (*format == '*') {
            how.width = va_arg(arguments, int);
            if (how.width < 0) {
                how.left = true;
                how.width = -how.width;
            }
            format++;
        } else {
            format = parse_digits(format, &how.width);
        }
        if (*format == '.') {
            if (format[1] == '*') {
                how.precision = va_arg(arguments, int);
                if (how.precision < 0) {
                    how.precision = PRECISION_NONE;
                }
                format += 2;
            } else {
                format = parse_digits(format + 1, &how.precision);
            }
        }
        format = parse_size(format, &how);

        switch (*format++) {
        case 'd':
        case 'i':
            emit_signed(&output, &how,
                        how.size > 0 ? va_arg(arguments, int64_t)
                                     : narrow_signed(&how, va_arg(arguments, int)));
            break;
        case 'u':
            value = how.size > 0 ? va_arg(arguments, uint64_t)
                                 : narrow_unsigned(&how, va_arg(arguments, unsigned));
            emit_number(&output, &how, value, 10, false, "");
            break;
        case 'o':
            value = how.size > 0 ? va_arg(arguments, uint64_t)
                                 : narrow_unsigned(&how, va_arg(arguments, unsigned));
            emit_number(&output, &how, value, 8, false, how.alternate && value != 0 ? "0" : "");
            break;
        case 'x':
        case 'X':
            value = how.size > 0 ? va_arg(arguments, uint64_t)
                                 : narrow_unsigned(&how, va_arg(arguments, unsigned));
            emit_number(&output, &how, value, 16, format[-1] == 'X',
                        !how.alternate || value == 0 ? ""
                        : format[-1] == 'X'          ? "0X"
                                                     : "0x");
            break;
        case 'p':
            how.precision = 16;
            emit_number(&output, &how, (uintptr_t)va_arg(arguments, void *), 16, false, "0x");
            break;
        case 's':
            emit_text(&output, &how, va_arg(arguments, const char *));
            break;
        case 'c':
            character[0] = (char)va_arg(arguments, int);
            if (character[0] == '\0') { /* a string of length 0 would swallow it */
                emit_padding(&output, ' ', how.left ? 0 : how.width - 1);
                emit(&output, character, 1);
                emit_padding(&output, ' ', how.left ? how.width - 1 : 0);
                break;
            }
            how.precision = PRECISION_NONE;
            emit_text(&output, &how, character);
            break;
        case '%':
            emit(&output, "%", 1);
            break;
        default: /* not ours, or the format ends inside a conversion */
            if (format[-1] == '\0') {
                format--;
            }
            emit(&output, start, (size_t)(format - start));
            break;
        }
    }
    return output.bytes;
}

struct string_output {
    char *buffer;
    size_t size;   /* of the buffer, with the terminator */
    size_t length; /* filled so far */
};

static void string_put(void *context, const char *text, size_t bytes)
{
    struct string_output *output = context;
    size_t room = output->size - output->length;

    if (output->size == 0) {
        return;
    }
    if (bytes >= room) {
        bytes = room - 1;
    }
    memcpy(output->buffer + output->length, text, bytes);
    output->length += bytes;
}

size_t format_string_list(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct string_output output = {.buffer = buffer, .size = size};
    size_t length = format_write(string_put, &output, format, arguments);

    if (size > 0) {
        buffer[output.length] = '\0';
    }
    return length;
}

size_t format_string(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = format_string_list(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
