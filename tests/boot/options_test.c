/* The command line: well-formed options take effect; others are refused and change nothing. */
#include "kernel/options.h"
#include "lib/string.h"
#include "mm/stack/magazine.h"
#include "tests/test.h"

/* Parses a line into *result; the machine's own options stay as they were. */
static void parse_apart(const char *line, struct options *result)
{
    static struct options saved;
    saved = options;
    options_parse(line);
    *result = options;
    options = saved;
}

static bool changes_nothing(const char *line)
{
    static struct options result;
    parse_apart(line, &result);
    return memcmp(&result, &options, sizeof(result)) == 0;
}

TEST(OPT0001, "well-formed options take effect, in any order and with any spacing", ALWAYS)
{
    static struct options result;
    parse_apart("  magazine=12 stack=eager\t test=STK*,GAT* cpus=3  panic=reboot seed=0x1f ",
                &result);
    test_equal(result.magazine_rounds, 12);
    test_equal(result.stack, STACK_MODE_EAGER);
    test_check(strcmp(result.test, "STK*,GAT*") == 0);
    test_equal(result.cpus, 3);
    test_equal(result.panic, PANIC_REBOOT);
    test_equal(result.seed, 0x1f);
    parse_apart("stack-cache=0 stack-free=batched", &result);
    test_equal(result.cached_stacks, 0);
    test_equal(result.stack_free, STACK_FREE_BATCHED);
    parse_apart("stack-cache=8 stack-free=immediate", &result);
    test_equal(result.cached_stacks, STACK_CACHE_MAX);
    test_equal(result.stack_free, STACK_FREE_IMMEDIATE);
    parse_apart("stack-shrink-age=0 stack-swap-age=1", &result);
    test_equal(result.shrink_age_ms, 0);
    test_equal(result.swap_age_ms, 1);
    parse_apart("demo=1", &result);
    test_check(result.demo);
    parse_apart("exit=1", &result);
    test_check(result.exit);
    test_equal(result.panic, PANIC_EXIT);
}

TEST(OPT0002, "values out of range, of the wrong kind or missing are refused and change nothing",
     ALWAYS)
{
    static const char *const lines[] = {
        "magazine=6",
        "magazine=65",
        "magazine=",
        "magazine=-1",
        "magazine=8x",
        "reserve=0",
        "reserve=1000000000",
        "stack-shrink-age=-1",
        "stack-shrink-age=10s",
        "stack-swap-age=86400001",
        "stack-cache=9",
        "stack-cache=-1",
        "stack-cache=two",
        "stack-cache=",
        "stack-free=never",
        "stack-free=",
        "cpus=0",
        "cpus=65",
        "panic=explode",
        "demo=2",
        "exit=2",
        "exit=yes",
        "monitor=",
        "log=loud",
        "seed=banana",
        "stack=lazy",
        "stack=",
        "entry=magic",
        "magazine=99999999999999999999999",
    };
    for (size_t i = 0; i < array_length(lines); i++) {
        if (!changes_nothing(lines[i])) {
            test_fail(__FILE__, __LINE__, "'%s' changed something", lines[i]);
        }
    }
}

TEST(OPT0003, "a word that is unknown or malformed is refused and changes nothing", ALWAYS)
{
    static const char *const lines[] = {
        "prefault=maybe", "stack=lent", "entry=irq", "nonsense", "=",    "=5",
        "magazines=9",    "MAGAZINE=9", "",          "   ",      "test", "\x01\x02=\x03",
    };
    for (size_t i = 0; i < array_length(lines); i++) {
        if (!changes_nothing(lines[i])) {
            test_fail(__FILE__, __LINE__, "'%s' changed something", lines[i]);
        }
    }
}

TEST(OPT0004, "a word longer than any option is refused, and the next word is read", ALWAYS)
{
    static char line[2048];
    static struct options result;
    memset(line, 'x', sizeof(line));
    memcpy(line + 1900, " cpus=7", 8);
    parse_apart(line, &result);
    test_equal(result.cpus, 7);
    memcpy(line, "test=", 5);
    parse_apart(line, &result);
    test_equal(result.cpus, 7);
    test_check(strcmp(result.test, options.test) == 0);
}
