/*
 * Scenarios with user programs: what macro_benchmark.c does with threads of the kernel, with
 * threads that sleep in IPC and with tasks. They need the boot archive.
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
    struct endpoint *endpoint = bench_programs_begin();

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
        console_print("# macro_session: there is no prompt, so nothing was measured\n");
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

BENCHMARK_SCENARIO(macro_crowd)
{
    struct endpoint *endpoint = bench_programs_begin();
    struct task *tasks[CROWDS];
    char words[64];

    if (endpoint == NULL) {
        return;
    }
    macro_begin("macro_crowd");
    for (unsigned i = 0; i < CROWDS; i++) {
        format_string(words, sizeof(words), "crowd %u %u %lu", i * CROWD_THREADS, CROWD_THREADS,
                      options.seed);
        tasks[i] = bench_program_start(words, endpoint);
    }
    crowd_await(endpoint);
    uint32_t count = endpoint_callers_count(endpoint);
    console_print("# macro_crowd: %u threads\n", count);
    macro_sleep_ns(SECOND_NS);
    macro_note();
    macro_sleep_ns((CROWD_SECONDS - 1) * SECOND_NS);
    bench_calls_answer(endpoint, count);
    bench_programs_end(endpoint);
    for (unsigned i = 0; i < CROWDS; i++) {
        bench_program_end(tasks[i]);
    }
    macro_end();
}

/* A build: trees of short-lived programs (user/build/main.c). */
#define TREES      400
#define TREE_DEPTH 3

BENCHMARK_SCENARIO(macro_build)
{
    struct endpoint *endpoint = bench_programs_begin();
    char words[64];

    if (endpoint == NULL) {
        return;
    }
    macro_begin("macro_build");
    for (unsigned tree = 0; tree < TREES; tree++) {
        format_string(words, sizeof(words), "build %u %lu", TREE_DEPTH,
                      options.seed * TREES + tree);
        bench_program_end(bench_program_start(words, endpoint));
    }
    macro_note();
    macro_end();
    bench_programs_end(endpoint);
}

/* A server of a user program: its workers wait in IPC, and one request in a hundred goes deep. */
#define SERVICE_WORKERS  64
#define SERVICE_CLIENTS  8
#define SERVICE_REQUESTS 20000

BENCHMARK_SCENARIO(macro_service)
{
    struct endpoint *endpoint = bench_programs_begin();
    char words[64];

    if (endpoint == NULL) {
        return;
    }
    format_string(words, sizeof(words), "workers %u %u %u %lu", SERVICE_WORKERS, SERVICE_CLIENTS,
                  SERVICE_REQUESTS, options.seed);
    macro_begin("macro_service");
    struct task *task = bench_program_start(words, endpoint);
    bench_calls_answer(endpoint, 1);
    macro_note();
    bench_program_end(task);
    macro_end();
    bench_programs_end(endpoint);
}
