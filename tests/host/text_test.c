/* Numbers and patterns, compared with the C library and a slow reference; and malformed text. */
#include <stdio.h>
#include <string.h>

#include "lib/error.h"
#include "lib/glob.h"
#include "lib/number.h"
#include "tests/host/host.h"

static int parse(const char *text, uint64_t *value)
{
    *value = 77;
    return number_parse_u64(text, value);
}

HOST_TEST(HTX0001, "numbers are read back as they were printed, with and without suffix")
{
    static const char suffixes[] = "kKmMgG";
    uint64_t value;
    char text[40];

    for (unsigned round = 0; round < 20000; round++) {
        uint64_t number = host_random() >> host_random_below(64);
        unsigned suffix = (unsigned)host_random_below(6), shift = (suffix / 2 + 1) * 10;

        snprintf(text, sizeof(text), "%lu", number);
        host_equal(parse(text, &value), OK);
        host_equal(value, number);
        snprintf(text, sizeof(text), host_random_below(2) ? "0x%lx" : "0X%lX", number);
        host_equal(parse(text, &value), OK);
        host_equal(value, number);
        snprintf(text, sizeof(text), "%lu%c", number, suffixes[suffix]);
        if (number >> (64 - shift) == 0) {
            host_equal(parse(text, &value), OK);
            host_equal(value, number << shift);
        } else {
            host_equal(parse(text, &value), ERROR_RANGE);
            host_equal(value, 77);
        }
    }
}

HOST_TEST(HTX0002, "malformed text is no number, and too large a number is out of range")
{
    static const char *const nonsense[] = {"",      " 1",  "1 ",  "-1",   "+1",   "0x",    "x1",
                                           "k",     "1kk", "1kB", "1T",   "0xk",  "0x1g2", "1.5",
                                           "1,000", "0b1", "12a", "0x-1", "\xff", "1\n"};
    uint64_t value;

    for (unsigned i = 0; i < array_length(nonsense); i++) {
        if (parse(nonsense[i], &value) != ERROR_INVALID || value != 77) {
            host_fail(__FILE__, __LINE__, "\"%s\" is taken for a number", nonsense[i]);
        }
    }
    host_equal(parse("18446744073709551615", &value), OK);
    host_equal(parse("18446744073709551616", &value), ERROR_RANGE);
    host_equal(parse("0x10000000000000000", &value), ERROR_RANGE);
    host_equal(parse("99999999999999999999999", &value), ERROR_RANGE);
    host_equal(parse("99999999999999999999999z", &value), ERROR_INVALID);
    host_equal(parse("18014398509481984k", &value), ERROR_RANGE);
    host_equal(number_parse_range("8", 8, 16, &value), OK);
    host_equal(number_parse_range("16", 8, 16, &value), OK);
    host_equal(number_parse_range("7", 8, 16, &value), ERROR_RANGE);
    host_equal(number_parse_range("17", 8, 16, &value), ERROR_RANGE);
    host_equal(number_parse_range("x", 8, 16, &value), ERROR_INVALID);
    host_equal(value, 16);
}

/* A slow and simple matcher for patterns of letters, ? and *. */
static bool slow_match(const char *pattern, const char *text)
{
    if (*pattern == '*') {
        return slow_match(pattern + 1, text) || (*text != '\0' && slow_match(pattern, text + 1));
    }
    if (*pattern == '\0' || *text == '\0') {
        return *pattern == *text;
    }
    return (*pattern == '?' || *pattern == *text) && slow_match(pattern + 1, text + 1);
}

static void random_text(char *text, const char *letters, uint64_t limit)
{
    uint64_t length = host_random_below(limit);

    for (uint64_t i = 0; i < length; i++) {
        *text++ = letters[host_random_below(strlen(letters))];
    }
    *text = '\0';
}

HOST_TEST(HTX0003, "patterns of stars and question marks match the same as a slow reference")
{
    unsigned matched = 0;

    for (unsigned round = 0; round < 100000; round++) {
        char pattern[10], text[12];

        random_text(pattern, "ab?**", sizeof(pattern));
        random_text(text, "ab", sizeof(text));
        if (glob_match(pattern, text) != slow_match(pattern, text)) {
            host_fail(__FILE__, __LINE__, "pattern \"%s\" and text \"%s\"", pattern, text);
        }
        matched += slow_match(pattern, text);
    }
    host_check(matched > 1000 && matched < 99000);
}

HOST_TEST(HTX0004, "sets, escapes and lists of patterns match as they should")
{
    host_check(glob_match("STK[0-9]*", "STK0003"));
    host_check(!glob_match("STK[!0-9]*", "STK0003"));
    host_check(glob_match("[!a-c]x", "dx"));
    host_check(glob_match("[^a-c]x", "dx"));
    host_check(!glob_match("[a-c]", ""));
    host_check(glob_match("[]x]", "]"));
    host_check(glob_match("[!]x]", "y"));
    host_check(!glob_match("[!]x]", "]"));
    host_check(glob_match("[a-]", "-"));
    host_check(glob_match("[abc", "[abc"));
    host_check(!glob_match("[abc", "a"));
    host_check(glob_match("\\*", "*"));
    host_check(!glob_match("\\*", "x"));
    host_check(glob_match("a\\", "a\\"));
    host_check(glob_match("[\x80-\xff]", "\xe4"));
    host_check(glob_match("*[ab]*[cd]", "xxaxxbxxd"));
    host_check(glob_match("", ""));
    host_check(!glob_match("", "a"));
    host_check(glob_match_any("MAG*,STK0003", "STK0003"));
    host_check(glob_match_any("MAG*,STK0003", "MAG0001"));
    host_check(!glob_match_any("MAG*,STK0003", "STK00031"));
    host_check(!glob_match_any("MAG*,", "STK0003"));
    host_check(glob_match_any("MAG*,,*3", "STK0003"));
}

HOST_TEST(HTX0005, "the match of a pattern of many stars and a long text ends soon")
{
    static char text[20000];

    memset(text, 'a', sizeof(text) - 1);
    host_check(!glob_match("*a*a*a*a*a*a*a*a*a*a*b", text));
    host_check(glob_match("*a*a*a*a*a*a*a*a*a*a*a", text));
}
