/*
 * Scenarios with user programs: what macro_benchmark.c does with threads of the kernel, with
 * threads that sleep in IPC and with tasks. They need the boot archive. Where a program does not
 * start, or ends wrongly, there are no figures, and the run fails.
 */
#include "kernel/console/console.h"
#include "kernel/console/console_handover.h"
#include "kernel/console/log_ring.h"
#include "kernel/options.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/bench/bench_program.h"
#include "tests/bench/benchmarks.h"
#include "tests/bench/macro.h"
#include "tests/bench/message_counts.h"
#include "tests/support/endpoint_callers.h"

#define SECOND_NS 1000000000UL

/* The system of the shell, from its first program to the prompt, and then with nothing to do. */
#define SESSION_LOOK_NS      1000000UL
#define SESSION_LOOKS_MOST   10000
#define SESSION_IDLE_SECONDS 40 /* beyond the age at which sleeping threads are swapped out */

static void ready_line_see(void *context, enum log_level level maybe_unused, const char *line)
{
    bool *ready = context;
    *ready = *ready || strstr(line, "shell ready after ") != NULL;
}

/* Waits until `init` says that the shell has its prompt. Returns false if it never does. */
static bool ready_await(void)
{
    bool ready = false;
    for (unsigned looks = 0; looks < SESSION_LOOKS_MOST && !ready; looks++) {
        ignore_result(thread_sleep_ns(SESSION_LOOK_NS)); /* it starts meanwhile, which counts */
        log_each(LOG_DEBUG, ready_line_see, &ready);
    }
    return ready;
}

BENCHMARK_SCENARIO(macro_session)
{
    struct endpoint *endpoint = bench_programs_begin("macro_session");

    if (endpoint == NULL) {
        return;
    }
    macro_begin("macro_session");
    struct task *task = bench_program_start("init shell", endpoint);
    bool ready = task != NULL && ready_await();
    if (ready) {
        macro_sleep_ns(SECOND_NS);
        macro_note();
        macro_sleep_ns((SESSION_IDLE_SECONDS - 1) * SECOND_NS);
    }
    macro_stop();
    console_handover_end(); /* the console server has not to show the figures */
    if (ready) {
        macro_print();
    } else {
        benchmark_fail("macro_session", "there is no prompt");
    }
    if (task != NULL) {
        task_kill(task, 0);
        object_release(&task->object);
    }
    bench_programs_end(endpoint);
}

/* Thousands of user threads that have worked, and then wait a minute for answers to their calls. */
#define CROWDS           5
#define CROWD_THREADS    1000
#define CROWD_SECONDS    60
#define CROWD_LOOK_NS    10000000UL
#define CROWD_LOOKS_MOST 6000

static void crowd_await(struct endpoint *endpoint)
{
    for (unsigned looks = 0; looks < CROWD_LOOKS_MOST; looks++) {
        if (endpoint_callers_count(endpoint) == CROWDS * CROWD_THREADS) {
            return;
        }
        ignore_result(thread_sleep_ns(CROWD_LOOK_NS)); /* they work meanwhile, which counts */
    }
}

/* Starts the programs until one is refused. Returns how many there are. */
static unsigned crowds_start(struct endpoint *endpoint, struct task *tasks[CROWDS])
{
    char words[64];
    unsigned made = 0;

    for (; made < CROWDS; made++) {
        format_string(words, sizeof(words), "crowd %u %u %lu", made * CROWD_THREADS, CROWD_THREADS,
                      options.seed);
        tasks[made] = bench_program_start(words, endpoint);
        if (tasks[made] == NULL) {
            break;
        }
    }
    return made;
}

/* Waits until all threads sleep, then lets time pass. Returns what is wrong, or NULL. */
static const char *crowd_watch(struct endpoint *endpoint)
{
    crowd_await(endpoint);
    uint32_t count = endpoint_callers_count(endpoint);
    console_print("# macro_crowd: %u threads\n", count);
    if (count != CROWDS * CROWD_THREADS) {
        return "not all threads have called";
    }
    macro_sleep_ns(SECOND_NS);
    macro_note();
    macro_sleep_ns((CROWD_SECONDS - 1) * SECOND_NS);
    return bench_calls_answer(endpoint, count) ? NULL : "not all calls could be answered";
}

BENCHMARK_SCENARIO(macro_crowd)
{
    struct endpoint *endpoint = bench_programs_begin("macro_crowd");
    struct task *tasks[CROWDS];

    if (endpoint == NULL) {
        return;
    }
    macro_begin("macro_crowd");
    unsigned made = crowds_start(endpoint, tasks);
    const char *wrong = made == CROWDS ? crowd_watch(endpoint) : "a program is not started";
    bench_programs_end(endpoint);
    for (unsigned i = 0; i < made; i++) {
        if (!bench_program_end(tasks[i]) && wrong == NULL) {
            wrong = "a program has not ended well";
        }
    }
    macro_end_unless(wrong);
}

/* A build: trees of short-lived programs (user/build/main.c). */
#define TREES      400
#define TREE_DEPTH 3

BENCHMARK_SCENARIO(macro_build)
{
    struct endpoint *endpoint = bench_programs_begin("macro_build");
    char words[64];

    if (endpoint == NULL) {
        return;
    }
    macro_begin("macro_build");
    bool right = true;
    for (unsigned tree = 0; tree < TREES && right; tree++) {
        format_string(words, sizeof(words), "build %u %lu", TREE_DEPTH,
                      options.seed * TREES + tree);
        right = bench_program_end(bench_program_start(words, endpoint));
    }
    macro_note();
    macro_end_unless(right ? NULL : "a program is not started, or has not ended well");
    bench_programs_end(endpoint);
}

/* A server of a user program: its workers wait in IPC, and one request in a hundred goes deep. */
#define SERVICE_WORKERS  64
#define SERVICE_CLIENTS  8
#define SERVICE_REQUESTS 20000

BENCHMARK_SCENARIO(macro_service)
{
    struct endpoint *endpoint = bench_programs_begin("macro_service");
    char words[64];

    if (endpoint == NULL) {
        return;
    }
    format_string(words, sizeof(words), "workers %u %u %u %lu", SERVICE_WORKERS, SERVICE_CLIENTS,
                  SERVICE_REQUESTS, options.seed);
    message_counts_begin();
    macro_begin("macro_service");
    struct task *task = bench_program_start(words, endpoint);
    bool halfway = task != NULL && bench_calls_answer(endpoint, 1);
    macro_note();
    bool right = bench_program_end(task) && halfway;
    macro_end_unless(right ? NULL : "a program is not started, or has not ended well");
    message_counts_print("macro_service");
    bench_programs_end(endpoint);
}
