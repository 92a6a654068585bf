/* The log's ring and the console's input ring. */
#include "kernel/console/console.h"
#include "kernel/console/log_ring.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/test.h"

struct seen {
    unsigned lines, marked, last;
    bool sorted;
    char previous[32];
};

/* Counts the lines that this test made, which end in "mark NUMBER". */
static void line_see(void *context, enum log_level level maybe_unused, const char *line)
{
    struct seen *seen = context;
    const char *mark = strstr(line, "] mark ");
    seen->lines++;
    seen->sorted = seen->sorted && strncmp(seen->previous, line, 14) <= 0;
    ignore_result(string_copy(seen->previous, 15, line));
    if (mark != NULL) {
        unsigned number = 0;
        for (mark += 7; *mark >= '0' && *mark <= '9'; mark++) {
            number = number * 10 + (unsigned)(*mark - '0');
        }
        test_check(seen->marked == 0 || number == seen->last + 1);
        seen->last = number;
        seen->marked++;
    }
}

TEST(LOG0001, "the log keeps the newest lines, whole, in order and with rising times", ALWAYS)
{
    struct seen seen = {.sorted = true};
    for (unsigned i = 0; i < 700; i++) {
        log_debug("mark %u", i);
    }
    log_each(LOG_DEBUG, line_see, &seen);
    test_equal(seen.last, 699);
    test_check(seen.marked > 400 && seen.marked <= 512);
    test_check(seen.sorted);
    seen = (struct seen){.sorted = true};
    log_each(LOG_INFO, line_see, &seen);
    test_equal(seen.marked, 0);
}

TEST(LOG0002, "a line that is too long is cut, and one that fills the ring damages no other",
     ALWAYS)
{
    struct seen seen = {.sorted = true};
    for (unsigned i = 0; i < 300; i++) {
        log_debug("%230s", "long");
    }
    log_debug("%600s", "longer");
    log_debug("mark 1");
    log_each(LOG_DEBUG, line_see, &seen);
    test_equal(seen.marked, 1);
    test_check(seen.lines > 100 && seen.lines < 300);
}

TEST(LOG0003, "levels are recognized by their names only", ALWAYS)
{
    enum log_level level = LOG_INFO;
    test_equal(log_level_parse("error", &level), OK);
    test_equal(level, LOG_ERROR);
    test_equal(log_level_parse("debug", &level), OK);
    test_equal(level, LOG_DEBUG);
    test_equal(log_level_parse("loud", &level), ERROR_INVALID);
    test_equal(log_level_parse("", &level), ERROR_INVALID);
    test_equal(level, LOG_DEBUG);
}

static void tame_see(void *context, enum log_level level maybe_unused, const char *line)
{
    for (const char *place = line; *place != '\0'; place++) {
        test_check(*place >= ' ' && *place <= '~');
    }
    *(bool *)context = *(bool *)context || strstr(line, "] tame ?[2J?? end") != NULL;
}

TEST(LOG0004, "bytes that a terminal would interpret are replaced", ALWAYS)
{
    bool found = false;
    log_debug("tame \x1b[2J\x01\xff end");
    log_each(LOG_DEBUG, tame_see, &found);
    test_check(found);
}

TEST(CON0007, "keys come out in their order, and that some did not fit is said", ALWAYS)
{
    while (console_try_read_key() != KEY_NONE) {
    }
    console_serial_received('a');
    console_serial_received(0x1b);
    console_serial_received('[');
    console_key_received(KEY_HOME);
    console_serial_received('A');
    test_equal(console_try_read_key(), 'a');
    test_equal(console_try_read_key(), KEY_HOME);
    test_equal(console_try_read_key(), KEY_UP);
    test_equal(console_try_read_key(), KEY_NONE);
    for (unsigned i = 0; i < 5000; i++) {
        console_key_received('0' + (int)(i % 10));
    }
    unsigned kept = 0;
    int key;
    for (; (key = console_try_read_key()) >= '0'; kept++) {
        if (key == KEY_LOST) {
            break;
        }
        test_equal(key, '0' + (int)(kept % 10));
    }
    test_equal(key, KEY_LOST);
    test_equal(console_try_read_key(), KEY_NONE);
    test_check(kept >= 256 && kept < 5000);
}
