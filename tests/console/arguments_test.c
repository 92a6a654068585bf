/* The monitor's splitting of a line into words, and its guess of a mistyped word. */
#include "kernel/monitor/arguments.h"
#include "lib/edit_distance.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/test.h"

static char line[128];
static struct arguments words;

static int split(const char *text)
{
    test_equal(string_copy(line, sizeof(line), text), OK);
    return arguments_split(line, &words);
}

static void word_equal(unsigned index, const char *expected)
{
    if (index >= words.count || !string_equal(words.words[index], expected)) {
        test_fail(__FILE__, __LINE__, "word %u is not \"%s\"", index, expected);
    }
}

TEST(MON0001, "a line is split at blanks, and quotes keep words together", ALWAYS)
{
    test_equal(split("  pte   0xffff  4\t"), OK);
    test_equal(words.count, 3);
    word_equal(0, "pte");
    word_equal(1, "0xffff");
    word_equal(2, "4");
    test_equal(split("say \"two words\" \"\" end"), OK);
    test_equal(words.count, 4);
    word_equal(1, "two words");
    word_equal(2, "");
    word_equal(3, "end");
    test_equal(split("   "), OK);
    test_equal(words.count, 0);
}

TEST(MON0002, "too many words and open quotes are errors", ALWAYS)
{
    test_equal(split("1 2 3 4 5 6 7 8"), OK);
    test_equal(split("1 2 3 4 5 6 7 8 9"), ERROR_RANGE);
    test_equal(split("a \"b c"), ERROR_INVALID);
    test_equal(split("\""), ERROR_INVALID);
}

TEST(MON0003, "the number of arguments is checked against their description", ALWAYS)
{
    test_check(arguments_fit("", 0));
    test_check(!arguments_fit("", 1));
    test_check(!arguments_fit("ADDRESS", 0));
    test_check(arguments_fit("ADDRESS [COUNT]", 1));
    test_check(arguments_fit("ADDRESS [COUNT]", 2));
    test_check(!arguments_fit("ADDRESS [COUNT]", 3));
    test_check(arguments_fit("[BYTES] [irq-off|lock]", 0));
    test_check(arguments_fit("A ...", 7));
    test_check(!arguments_fit("A ...", 0));
}

TEST(MON0004, "the distance between words counts changes and swapped neighbours", ALWAYS)
{
    test_equal(edit_distance("help", "help"), 0);
    test_equal(edit_distance("", "abc"), 3);
    test_equal(edit_distance("hepl", "help"), 1);
    test_equal(edit_distance("thread", "threads"), 1);
    test_equal(edit_distance("kitten", "sitting"), 3);
    test_equal(edit_distance("abcdef", ""), 6);
    test_equal(edit_distance("abcdefghijklmnopqrstuvwxyz", "x"), EDIT_DISTANCE_MAX + 1);
    test_equal(edit_distance("abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"), 0);
}
