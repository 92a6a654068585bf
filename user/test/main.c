/*
 * test ID         runs one test; see test.h
 * test [PATTERN]  from the shell: runs each test whose id matches, in a program of its own
 */
#include "lib/abi.h"
#include "lib/error.h"
#include "lib/glob.h"
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/lib/stream.h"
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

/* Runs the test with this id, and returns the exit status. */
static int test_run(const char *id)
{
    for (const struct user_test *test = __user_tests_start; test < __user_tests_end; test++) {
        if (string_equal(test->id, id)) {
            test->run();
            return failures == 0 ? TEST_PASSED : TEST_FAILED;
        }
    }
    printf("test: the argument must be the id of a test\n");
    return TEST_UNKNOWN;
}

/*
 * Runs one test in a program of its own, and returns that program's exit status; TEST_FAILED if it
 * cannot be started. The program gets no output, so it prints to the log.
 */
static int test_spawn(const char *id)
{
    char words[32];
    struct spawn_options options;
    const char *reason;
    uint32_t task;

    format_string(words, sizeof(words), "test %s", id);
    spawn_init(&options, words);
    spawn_pass(&options, PROGRAM_HANDLE_INFORMATION, RIGHTS_ALL);
    spawn_pass(&options, PROGRAM_HANDLE_ARCHIVE, RIGHT_READ | RIGHT_DUPLICATE | RIGHT_TRANSFER);
    if (spawn(&options, &task, &reason) != OK) {
        complain("%s is not started: %s", id, reason);
        return TEST_FAILED;
    }
    return spawn_wait(task);
}

/* Runs all tests that match. */
static int tests_run(const char *pattern)
{
    unsigned passed = 0, failed = 0;
    int error = OK;

    for (const struct user_test *test = __user_tests_start; test < __user_tests_end && error == OK;
         test++) {
        if (glob_match_any(pattern, test->id)) {
            bool pass = test_spawn(test->id) == TEST_PASSED;

            passed += pass;
            failed += !pass;
            error = stream_print(stream_output(), "%s %s\n", pass ? "ok" : "not ok", test->id);
        }
    }
    printf("%u passed, %u failed", passed, failed);
    return failed == 0 && passed > 0 ? TEST_PASSED : TEST_FAILED;
}

int main(unsigned count, char **words)
{
    if (count >= 3 && string_equal(words[1], "child")) {
        return child_main(count - 2, words + 2);
    }
    if (program_start.handles[PROGRAM_HANDLE_OUTPUT] != 0) {
        return tests_run(count == 2 ? words[1] : "*");
    }
    return test_run(count == 2 ? words[1] : "");
}
