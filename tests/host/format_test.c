/* Formatting compared with the C library's snprintf, and the conversions that differ from it. */
#include "lib/format.h"

#include <stdio.h>
#include <string.h>

#include "tests/host/host.h"

/* The formats are made at random, so the compiler cannot check them here. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

static void compare(const char *format, ...) printf_like(1, 2);

static void compare(const char *format, ...)
{
    char ours[300], theirs[300], cut[8] = "#######";
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = format_string_list(ours, sizeof(ours), format, arguments);
    va_end(arguments);
    va_start(arguments, format);
    host_equal(length, vsnprintf(theirs, sizeof(theirs), format, arguments));
    va_end(arguments);
    if (strcmp(ours, theirs) != 0) {
        host_fail(__FILE__, __LINE__, "format \"%s\" gives \"%s\", not \"%s\"", format, ours,
                  theirs);
    }
    va_start(arguments, format);
    host_equal(format_string_list(cut, sizeof(cut), format, arguments), length);
    va_end(arguments);
    host_equal(strncmp(cut, theirs, sizeof(cut) - 1), 0);
    host_equal(strlen(cut), length < sizeof(cut) ? length : sizeof(cut) - 1);
}

static void add_random(char *format, const char *choices, unsigned times)
{
    for (; times > 0; times--) {
        strncat(format, choices + host_random_below(strlen(choices)), 1);
    }
}

HOST_TEST(HFM0001,
          "numbers are formatted as by the C library, with all flags, widths and precisions")
{
    for (unsigned round = 0; round < 30000; round++) {
        static const char *const sizes[] = {"hh", "h", "", "l", "ll", "z", "j", "t"};
        unsigned size = (unsigned)host_random_below(array_length(sizes));
        uint64_t value = host_random() >> host_random_below(64);
        char format[40] = "<%";

        if (host_random_below(20) == 0) {
            value = 0;
        }
        add_random(format, "-0+ #", (unsigned)host_random_below(4));
        if (host_random_below(2)) {
            add_random(format, "123456789", 1);
            add_random(format, "0123456789", (unsigned)host_random_below(2));
        }
        if (host_random_below(3) == 0) {
            strcat(format, ".");
            add_random(format, "0123456789", (unsigned)host_random_below(2));
        }
        strcat(format, sizes[size]);
        add_random(format, "diuxX", 1);
        strcat(format, ">");
        if (size < 3) {
            compare(format, (int)value);
        } else {
            compare(format, value);
        }
    }
}

HOST_TEST(HFM0002, "texts and characters are padded and cut as by the C library")
{
    compare("%s|%10s|%-10s|%.3s|%10.3s|%-10.3s|%.0s|%.30s", "", "right", "left", "abcdef", "abcdef",
            "abcdef", "gone", "whole");
    compare("%c%5c%-5c|", 'a', 'b', 'c');
    compare("%*d|%-*d|%*d|%.*d|%.*s", 6, 1, 6, 2, -6, 3, 4, 5, 2, "abc");
    compare("100%% %d%%", 7);
    compare("%o %#o %lo", 8u, 8u, ~0ul);
    compare("no conversion at all, and a long piece of text beyond any internal buffer");
    compare("%120d|%-120d|", 5, 6);
}

HOST_TEST(HFM0003,
          "pointers have sixteen digits, a null string is marked, an unknown letter is shown")
{
    char text[64];
    const char *odd = "%k %", *volatile none = NULL;

    format_string(text, sizeof(text), "%p", (void *)0xffff800000001000);
    host_equal_text(text, "0xffff800000001000");
    format_string(text, sizeof(text), "[%20p]", (void *)0x12);
    host_equal_text(text, "[  0x0000000000000012]");
    format_string(text, sizeof(text), "%s", none);
    host_equal_text(text, "(null)");
    format_string(text, sizeof(text), odd);
    host_equal_text(text, "%k %");
    host_equal(format_string(text, sizeof(text), "a%cb", 0), 3);
    host_equal(memcmp(text, "a\0b", 4), 0);
    text[0] = '#';
    host_equal(format_string(text, 0, "abc"), 3);
    host_equal(text[0], '#');
}
