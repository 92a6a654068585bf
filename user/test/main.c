/* Runs the one test whose id is the program's argument. See test.h. */
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/test/child.h"
#include "user/test/test.h"

extern const struct user_test __user_tests_start[], __user_tests_end[];

static volatile uint32_t failures;

void test_fail(const char *file, int line, const char *format, ...)
{
    char text[200];
    va_list arguments;

    va_start(arguments, format);
    format_string_list(text, sizeof(text), format, arguments);
    va_end(arguments);
    __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
    printf("%s:%d: %s\n", file, line, text);
}

int main(unsigned count, char **words)
{
    if (count >= 3 && string_equal(words[1], "child")) {
        return child_main(count - 2, words + 2);
    }
    for (const struct user_test *test = __user_tests_start; test < __user_tests_end; test++) {
        if (count == 2 && string_equal(test->id, words[1])) {
            test->run();
            return failures == 0 ? TEST_PASSED : TEST_FAILED;
        }
    }
    printf("test: the argument must be the id of a test\n");
    return TEST_UNKNOWN;
}
