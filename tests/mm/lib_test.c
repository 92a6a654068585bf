/*
 * The library with this kernel's compiler flags. The host unit tests (tests/host) are the thorough
 * ones; these check that nothing got lost on the way into the kernel.
 */
#include "lib/bitmap.h"
#include "lib/error.h"
#include "lib/format.h"
#include "lib/glob.h"
#include "lib/list.h"
#include "lib/number.h"
#include "lib/ring.h"
#include "lib/string.h"
#include "lib/tree.h"
#include "tests/test.h"

static uint8_t area[256], model[256];

static void areas_fill(void)
{
    for (unsigned i = 0; i < sizeof(area); i++) {
        area[i] = model[i] = (uint8_t)(i * 37 + 11);
    }
}

TEST(LIB0001, "memory moves by every length from 0 to 80, at every alignment, overlapping or not",
     ALWAYS)
{
    for (unsigned from = 64; from < 72; from++) {
        for (unsigned to = 48; to < 96; to += 5) {
            for (unsigned bytes = 0; bytes <= 80; bytes++) {
                areas_fill();
                for (unsigned i = 0; i < bytes; i++) {
                    model[to + i] = area[from + i];
                }
                memmove(area + to, area + from, bytes);
                if (memcmp(area, model, sizeof(area)) != 0) {
                    test_fail(__FILE__, __LINE__, "%u bytes from %u to %u", bytes, from, to);
                    return;
                }
            }
        }
    }
    memset(area + 3, 0x5a, 100);
    for (unsigned i = 0; i < sizeof(area); i++) {
        test_equal(area[i], i >= 3 && i < 103 ? 0x5a : model[i]);
    }
}

static void format_check(const char *expected, const char *format, ...) printf_like(2, 3);

static void format_check(const char *expected, const char *format, ...)
{
    char text[64];
    va_list arguments;

    va_start(arguments, format);
    format_string_list(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (!string_equal(text, expected)) {
        test_fail(__FILE__, __LINE__, "\"%s\" gives \"%s\", not \"%s\"", format, text, expected);
    }
}

TEST(LIB0002, "numbers, texts and pointers are formatted with sign, width, zeros and cut", ALWAYS)
{
    format_check("-9223372036854775808", "%ld", INT64_MIN);
    format_check("18446744073709551615", "%lu", UINT64_MAX);
    format_check("00000007|7       |      +7", "%08d|%-8d|%+8d", 7, 7, 7);
    format_check("0xffff800000001000", "%p", (void *)0xffff800000001000);
    format_check("deadbeef DEADBEEF 0x1", "%x %X %#x", 0xdeadbeef, 0xdeadbeef, 1u);
    format_check("   abc|abc   |ab|%|z", "%6s|%-6s|%.2s|%%|%c", "abc", "abc", "abc", 'z');
    format_check("300 44", "%hu %hhu", (unsigned short)300, (unsigned char)300);
}

TEST(LIB0003, "numbers with a suffix are read; malformed and too large ones are refused", ALWAYS)
{
    uint64_t value = 0;

    test_equal(number_parse_u64("12K", &value), OK);
    test_equal(value, 12 * 1024);
    test_equal(number_parse_u64("0xffffffffffffffff", &value), OK);
    test_check(value == UINT64_MAX);
    test_equal(number_parse_u64("12x", &value), ERROR_INVALID);
    test_equal(number_parse_u64("", &value), ERROR_INVALID);
    test_equal(number_parse_u64("16G1", &value), ERROR_INVALID);
    test_equal(number_parse_u64("18446744073709551616", &value), ERROR_RANGE);
    test_check(value == UINT64_MAX);
}

TEST(LIB0004, "shell patterns select tests by id", ALWAYS)
{
    test_check(glob_match("*", "STK0003"));
    test_check(glob_match("STK*", "STK0003"));
    test_check(glob_match("STK000[1-5]", "STK0003"));
    test_check(!glob_match("STK000[!1-5]", "STK0003"));
    test_check(!glob_match("STK", "STK0003"));
    test_check(glob_match_any("FRM*,STK???3", "STK0003"));
}

struct leaf {
    struct tree_node node;
    struct list_node link;
};

TEST(LIB0005, "a tree gives back a thousand keys in order", ALWAYS)
{
    static struct leaf leaves[1000];
    struct tree tree = {0};
    uint64_t last = 0;
    unsigned count = 0;

    for (unsigned i = 0; i < array_length(leaves); i++) {
        tree_insert(&tree, &leaves[i].node, i * 7919 % 1009);
    }
    for (unsigned i = 0; i < array_length(leaves); i += 2) {
        tree_remove(&tree, &leaves[i].node);
    }
    for (struct tree_node *node = tree_first(&tree); node != NULL; node = tree_next(node)) {
        test_check(node->key >= last);
        last = node->key;
        count++;
    }
    test_equal(count, array_length(leaves) / 2);
}

TEST(LIB0006, "lists, bitmaps and rings keep what is put in", ALWAYS)
{
    static struct leaf leaves[3];
    uint64_t words[BITMAP_WORDS(130)];
    uint8_t bytes[4], byte = 0;
    struct byte_ring ring = BYTE_RING(bytes);
    struct list list = LIST_INITIALIZER(list);

    for (unsigned i = 0; i < array_length(leaves); i++) {
        list_add_last(&list, &leaves[i].link);
    }
    list_remove(&leaves[1].link);
    test_equal(list_length(&list), 2);
    test_check(list_take_first(&list) == &leaves[0].link);
    test_check(list_take_first(&list) == &leaves[2].link);
    test_check(list_empty(&list));

    bitmap_fill(words, 130, false);
    bitmap_set(words, 129);
    test_equal(bitmap_find_set(words, 130, 0), 129);
    test_equal(bitmap_find_clear(words, 130, 129), (long long)BITMAP_NONE);
    test_equal(bitmap_count(words, 130), 1);

    for (unsigned i = 0; i < 4; i++) {
        test_check(byte_ring_put(&ring, (uint8_t)(i + 1)));
    }
    test_check(!byte_ring_put(&ring, 5));
    for (unsigned i = 0; i < 4; i++) {
        test_check(byte_ring_take(&ring, &byte));
        test_equal(byte, i + 1);
    }
    test_check(!byte_ring_take(&ring, &byte));
}
