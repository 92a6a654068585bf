/* The cost of system calls, from the instruction before SYSCALL to the one behind it. */
#include "kernel/test/benchmark.h"
#include "tests/support/user_world.h"

#define SAMPLES 500 /* a page of words has room for them */

extern const char user_code_time_calls[], user_code_time_nothing[], user_code_time_clock_call[],
    user_code_time_clock_page[];

static uint64_t samples[SAMPLES];

/* Runs a piece that leaves SAMPLES differences of the counter in the page of data. */
static bool piece_measure(const char *code, uint64_t *results)
{
    static struct user_world world;
    static struct user_world_thread thread;
    bool measured = false;

    user_world_begin();
    if (user_world_create(&world)) {
        measured = user_world_run(&thread, &world, code, SAMPLES);
        for (unsigned i = 0; i < SAMPLES; i++) {
            results[i] = user_world_data(&world)[i];
        }
        user_world_destroy(&world);
    }
    user_world_end();
    return measured;
}

/* Reports what a piece costs, less the reading of the counter. */
static void piece_report(const char *name, const char *code)
{
    static uint64_t nothing[SAMPLES];
    if (!piece_measure(user_code_time_nothing, nothing) || !piece_measure(code, samples)) {
        return;
    }
    for (unsigned i = 0; i < SAMPLES; i++) {
        samples[i] -= nothing[SAMPLES / 2];
    }
    benchmark_samples_report(name, samples, SAMPLES);
}

BENCHMARK(syscall_null)
{
    piece_report("syscall_null", user_code_time_calls);
}

/* The two ways to tell a program the time: docs/decisions/0027-time-by-a-call.md. */
BENCHMARK(clock_read)
{
    piece_report("clock_read_call", user_code_time_clock_call);
    piece_report("clock_read_page", user_code_time_clock_page);
}
