/* Chooses and runs benchmarks, and has the arithmetic that they share. */
#include "kernel/test/benchmark.h"

#include "arch/x86_64/cpu/cpu.h"
#include "kernel/console/console.h"
#include "lib/glob.h"

extern const struct benchmark __benchmarks_start[], __benchmarks_end[];

static uint64_t overhead;
static bool failed; /* a benchmark of this run */

void benchmark_report(const char *name, uint64_t value, const char *unit)
{
    console_print("BENCH %s %lu %s\n", name, value, unit);
}

void benchmark_fail(const char *name, const char *reason)
{
    failed = true;
    console_print("# %s: not measured: %s\n", name, reason);
}

uint64_t benchmark_overhead(void)
{
    return overhead;
}

/* Measures the least difference of two readings with nothing between them. */
static void calibrate(void)
{
    overhead = UINT64_MAX;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t start = tsc_read_ordered();
        uint64_t ticks = tsc_read_ordered() - start;
        overhead = ticks < overhead ? ticks : overhead;
    }
}

static void samples_sort(uint64_t *samples, unsigned count)
{
    for (unsigned gap = count / 2; gap > 0; gap /= 2) {
        for (unsigned i = gap; i < count; i++) {
            uint64_t value = samples[i];
            unsigned at = i;
            for (; at >= gap && samples[at - gap] > value; at -= gap) {
                samples[at] = samples[at - gap];
            }
            samples[at] = value;
        }
    }
}

void benchmark_samples_report(const char *name, uint64_t *samples, unsigned count)
{
    samples_sort(samples, count);
    console_print("# %s: least %lu, most %lu, %u samples\n", name, samples[0], samples[count - 1],
                  count);
    benchmark_report(name, samples[count / 2], "instructions");
}

static bool chosen(const struct benchmark *b, const char *patterns)
{
    return glob_match_any(patterns, b->name) &&
           !(b->scenario && glob_match_any(patterns, "everything"));
}

bool benchmark_run(const char *patterns)
{
    bool any = false;
    failed = false;
    calibrate();
    console_print("# two readings of the counter differ by %lu ticks; taken off\n", overhead);
    for (const struct benchmark *b = __benchmarks_start; b < __benchmarks_end; b++) {
        if (chosen(b, patterns)) {
            any = true;
            b->run();
        }
    }
    if (!any) {
        console_print("# no benchmark matches '%s'\n", patterns);
    }
    console_print("# end of benchmarks\n");
    return any && !failed;
}
