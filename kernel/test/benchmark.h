/*
 * Benchmarks: they report, they never judge. A benchmark prints lines "BENCH name value unit";
 * under
 * `-icount shift=0` one TSC tick is one guest instruction (docs/measures.md).
 */
#pragma once

#include "lib/compiler.h"

struct benchmark {
    const char *name;
    void (*run)(void);
};

#define BENCHMARK(benchmark_name)                                                                  \
    static void benchmark_run_##benchmark_name(void);                                              \
    static const struct benchmark benchmark_entry_##benchmark_name in_section(".benchmarks")       \
        aligned_to(8) = {.name = #benchmark_name, .run = benchmark_run_##benchmark_name};          \
    static void benchmark_run_##benchmark_name(void)

/* Runs the benchmarks whose names match. False if none does. Thread context. */
bool benchmark_run(const char *patterns);

/* Prints one figure. */
void benchmark_report(const char *name, uint64_t value, const char *unit);

/* Ticks that two readings of the counter cost by themselves; subtract it from each difference. */
uint64_t benchmark_overhead(void);

/* Sorts the samples and reports median, and minimum and maximum as a comment line. */
void benchmark_samples_report(const char *name, uint64_t *samples, unsigned count);
