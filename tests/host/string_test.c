/*
 * Memory and string functions, compared with plain loops. This file and lib/string.c are compiled
 * with other names for functions that the C library has too (host.mk), so the kernel's are called.
 */
#include "lib/string.h"

#include "lib/error.h"
#include "tests/host/host.h"

#define AREA 200

static unsigned char area[AREA], model[AREA];

static void areas_fill(void)
{
    for (unsigned i = 0; i < AREA; i++) {
        area[i] = model[i] = (unsigned char)host_random();
    }
}

static bool areas_equal(void)
{
    for (unsigned i = 0; i < AREA; i++) {
        if (area[i] != model[i]) {
            return false;
        }
    }
    return true;
}

HOST_TEST(HSR0001,
          "memcpy, memmove and memset write the right bytes and no others, at any alignment")
{
    for (unsigned from = 0; from < 64; from += 3) {
        for (unsigned to = 0; to < 64; to++) {
            for (unsigned bytes = 0; bytes < 100; bytes += 1 + bytes / 20) {
                unsigned char before[AREA];
                int value = 0x1a5; /* only the low byte counts */

                areas_fill();
                for (unsigned i = 0; i < AREA; i++) {
                    before[i] = model[i];
                }
                for (unsigned i = 0; i < bytes; i++) {
                    model[to + i] = before[from + i];
                }
                host_check(memmove(area + to, area + from, bytes) == area + to);
                host_check(areas_equal());
                host_check(memcpy(area + to, before + from, bytes) == area + to);
                host_check(areas_equal());
                host_check(memset(area + to, value, bytes) == area + to);
                for (unsigned i = 0; i < bytes; i++) {
                    model[to + i] = 0xa5;
                }
                host_check(areas_equal());
            }
        }
    }
}

HOST_TEST(HSR0002,
          "memcmp compares the first difference as unsigned bytes, memchr finds the first place")
{
    for (unsigned round = 0; round < 20000; round++) {
        unsigned bytes = (unsigned)host_random_below(50), offset = (unsigned)host_random_below(20);
        unsigned place = (unsigned)host_random_below(60);
        int expected = 0;

        areas_fill();
        area[offset + place] ^= (unsigned char)host_random();
        for (unsigned i = 0; i < bytes && expected == 0; i++) {
            expected = area[offset + i] - model[offset + i];
        }
        host_equal(memcmp(area + offset, model + offset, bytes), expected);
        place = 0;
        while (place < bytes && area[offset + place] != area[100]) {
            place++;
        }
        host_check(memchr(area + offset, area[100], bytes) ==
                   (place < bytes ? area + offset + place : NULL));
    }
}

static const struct {
    const char *left, *right;
    int order, start_order; /* expected for the whole strings, and for two characters */
} pairs[] = {{"", "", 0, 0},       {"a", "a", 0, 0},    {"a", "b", -1, -1},
             {"ab", "a", 1, 1},    {"\x80", "a", 1, 1}, {"abc", "abd", -1, 0},
             {"ab", "abd", -1, 0}, {"abc", "abc", 0, 0}};

HOST_TEST(HSR0003, "strings are measured, compared and searched")
{
    const char *text = "magazine";

    host_equal(strlen(""), 0);
    host_equal(strlen(text), 8);
    host_equal(strnlen(text, 3), 3);
    host_equal(strnlen(text, 30), 8);
    for (unsigned i = 0; i < array_length(pairs); i++) {
        int order = strcmp(pairs[i].left, pairs[i].right);
        int start = strncmp(pairs[i].left, pairs[i].right, 2);

        host_equal((order > 0) - (order < 0), pairs[i].order);
        host_equal((start > 0) - (start < 0), pairs[i].start_order);
    }
    host_equal(strncmp("x", text, 0), 0);
    host_check(strchr(text, 'a') == text + 1);
    host_check(strrchr(text, 'a') == text + 3);
    host_check(strchr(text, 'x') == NULL);
    host_check(strchr(text, '\0') == text + 8);
    host_check(strrchr(text, '\0') == text + 8);
    host_check(strstr(text, "zin") == text + 4);
    host_check(strstr(text, "") == text);
    host_check(strstr(text, "zone") == NULL);
    host_check(strstr("aaab", "aab") != NULL);
    host_check(string_starts_with(text, "mag"));
    host_check(!string_starts_with("mag", text));
    host_check(string_equal(text, "magazine"));
    host_check(!string_equal(text, "magazin"));
}

HOST_TEST(HSR0004, "string_copy always terminates, and reports a cut")
{
    char to[5] = "####";

    host_equal(string_copy(to, sizeof(to), "four"), OK);
    host_check(string_equal(to, "four"));
    host_equal(string_copy(to, sizeof(to), "fives"), ERROR_RANGE);
    host_check(string_equal(to, "five"));
    host_equal(string_copy(to, 1, ""), OK);
    host_equal(to[0], '\0');
    to[0] = '#';
    host_equal(string_copy(to, 0, "x"), ERROR_RANGE);
    host_equal(to[0], '#');
}
