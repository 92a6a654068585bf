/*
 * Benchmarks print lines "BENCH name value unit"; they do not judge the value. Under
 * `-icount shift=0` one TSC tick is one guest instruction (docs/measures.md).
 */
#pragma once

#include "lib/compiler.h"

struct benchmark {
    const char *name;
    void (*run)(void);
    bool scenario;
};

#define BENCHMARK_ENTRY(benchmark_name, is_scenario)                                               \
    static void benchmark_run_##benchmark_name(void);                                              \
    static const struct benchmark benchmark_entry_##benchmark_name in_section(".benchmarks")       \
        aligned_to(8) = {.name = #benchmark_name,                                                  \
                         .run = benchmark_run_##benchmark_name,                                    \
                         .scenario = (is_scenario)};                                               \
    static void benchmark_run_##benchmark_name(void)

#define BENCHMARK(benchmark_name) BENCHMARK_ENTRY(benchmark_name, false)

/*
 * A benchmark that measures the whole kernel at work. Earlier benchmarks would change its result,
 * so it does not run for a pattern that matches every name.
 */
#define BENCHMARK_SCENARIO(benchmark_name) BENCHMARK_ENTRY(benchmark_name, true)

/*
 * Runs the benchmarks whose names match. Returns false if none does, or if one could not measure.
 * Context: THREAD.
 */
bool benchmark_run(const char *patterns);

/* Prints one figure. Context: THREAD. */
void benchmark_report(const char *name, uint64_t value, const char *unit);

/*
 * Says in a comment line that a benchmark could not measure what it is for, with the reason, and
 * has benchmark_run() return false. The benchmark prints no figures then. Context: THREAD.
 */
void benchmark_fail(const char *name, const char *reason);

/*
 * Returns the ticks that two readings of the counter cost; they are subtracted from each
 * difference. Context: THREAD.
 */
uint64_t benchmark_overhead(void);

/*
 * Sorts the samples. Prints the least and the most in a comment line, and the median as the figure,
 * in instructions. Context: THREAD.
 */
void benchmark_samples_report(const char *name, uint64_t *samples, unsigned count);
