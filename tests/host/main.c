/* Runs the host unit tests, each in a child process, and counts the results. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/glob.h"
#include "tests/host/host.h"

static struct host_test *tests, **tests_end = &tests;
static uint64_t random_state;
static int failures;

void host_register(struct host_test *test)
{
    *tests_end = test;
    tests_end = &test->next;
}

void host_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;

    printf("# %s:%d: ", file, line);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    if (++failures >= 20) {
        printf("# too many failures, test given up\n");
        fflush(stdout);
        _exit(1);
    }
}

/* xorshift64*: a small generator, good enough to choose among operations. */
uint64_t host_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1du;
}

uint64_t host_random_below(uint64_t limit)
{
    return host_random() % limit;
}

static bool run_in_child(const struct host_test *test)
{
    int status;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        alarm(120);
        test->run();
        fflush(stdout);
        exit(failures != 0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return false;
    }
    if (WIFSIGNALED(status)) {
        printf("# ended by signal %d\n", WTERMSIG(status));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool is_chosen(const struct host_test *test, const char *patterns)
{
    return patterns == NULL || glob_match_any(patterns, test->id) ||
           glob_match_any(patterns, test->sentence);
}

int main(int argc, char **argv)
{
    const char *seed = getenv("HOST_SEED"), *patterns = argc < 2 ? NULL : argv[1];
    unsigned number = 0, passed = 0, planned = 0;

    random_state = seed != NULL ? strtoull(seed, NULL, 0) | 1 : 0x5ca1ab1e0ddba11u;
    for (struct host_test *test = tests; test != NULL; test = test->next) {
        planned += is_chosen(test, patterns);
    }
    printf("TAP version 13\n1..%u\n", planned);
    for (struct host_test *test = tests; test != NULL; test = test->next) {
        if (!is_chosen(test, patterns)) {
            continue;
        }
        bool good = run_in_child(test);
        passed += good;
        printf("%s %u - %s %s\n", good ? "ok" : "not ok", ++number, test->id, test->sentence);
    }
    printf("%u passed, %u failed\n", passed, number - passed);
    return number != passed || number == 0;
}
