/* Samples the memory of stacks in the background, and sums up what a scenario did. See macro.h. */
#include "tests/bench/macro.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "kernel/demo/descent.h"
#include "kernel/options.h"
#include "kernel/task/user_thread.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "lib/format.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_slot.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"
#include "sched/stack/swapper.h"
#include "tests/bench/benchmarks.h"

#define POINTS    256
#define FIRST_NS  1000000
#define KIB       (PAGE_BYTES / 1024)
#define NAME_MOST 64

/* Counters of the kernel, to be compared with those at the end. */
struct counts {
    uint64_t faults, pages, refills, failures;
    struct stack_counts stacks;
    struct gate_counts gate;
    struct swapper_counts swapper;
};

static struct {
    const char *name;
    struct thread *sampler;
    bool over;
    struct counts before, after;
    uint64_t begin_ns, begin_tsc, slept_ticks, ticks, elapsed_ns; /* the last two: at the end */
    size_t free_before, noted, most, memory_most;
    uint64_t sum, samples;
    unsigned points;
    uint64_t period_ns;
    struct {
        uint64_t us;
        size_t pages;
    } curve[POINTS];
} meter;

size_t macro_stack_pages(void)
{
    static const enum frame_owner owners[] = {FRAME_OWNER_STACK, FRAME_OWNER_STACK_CACHE,
                                              FRAME_OWNER_STACK_STANDBY, FRAME_OWNER_MAGAZINE,
                                              FRAME_OWNER_RESERVE};
    size_t pages = stack_tables_made() + stack_saved_frames() + user_thread_handoff_frames();
    for (unsigned i = 0; i < array_length(owners); i++) {
        pages += frame_owned_count(owners[i]);
    }
    return pages;
}

static void counts_read(struct counts *counts)
{
    *counts = (struct counts){.gate = gate_counts};
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct magazine *one = &cpu_variable(magazine, cpu);
        for (unsigned pages = 1; pages < STACK_PAGES; pages++) {
            counts->faults += one->faults[pages];
            counts->pages += pages * one->faults[pages];
        }
        counts->refills += one->refills;
        counts->failures += one->refill_failures;
    }
    stack_counts_read(&counts->stacks);
    swapper_counts_read(&counts->swapper);
}

/* Keeps every second point when the curve is full, and takes them half as often from then on. */
static void curve_thin(void)
{
    for (unsigned i = 0; i < POINTS / 2; i++) {
        meter.curve[i] = meter.curve[2 * i];
    }
    meter.points = POINTS / 2;
    meter.period_ns *= 2;
}

/* Returns the stack memory of this moment, after it raised the most that was seen. */
static size_t most_note(void)
{
    size_t pages = macro_stack_pages(), free = frame_free_count();
    meter.most = pages > meter.most ? pages : meter.most;
    if (meter.free_before > free && meter.free_before - free > meter.memory_most) {
        meter.memory_most = meter.free_before - free;
    }
    return pages;
}

static void sample_take(void)
{
    size_t pages = most_note();
    meter.sum += pages * (meter.period_ns / FIRST_NS);
    meter.samples += meter.period_ns / FIRST_NS;
    if (meter.points == POINTS) {
        curve_thin();
    }
    meter.curve[meter.points].us = (clock_now_ns() - meter.begin_ns) / 1000;
    meter.curve[meter.points++].pages = pages;
}

static void sampler_run(void *argument maybe_unused)
{
    while (!__atomic_load_n(&meter.over, __ATOMIC_ACQUIRE)) {
        sample_take();
        ignore_result(thread_sleep_ns(meter.period_ns));
    }
}

static void low_water_reset(void)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        cpu_variable(magazine, cpu).low_water = cpu_variable(magazine, cpu).capacity;
    }
}

static uint32_t low_water_least(void)
{
    uint32_t least = UINT32_MAX;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        uint32_t low_water = cpu_variable(magazine, cpu).low_water;
        least = low_water < least ? low_water : least;
    }
    return least;
}

void macro_begin(const char *name)
{
    const struct thread_options urgent = {
        .name = "sampler", .priority = THREAD_PRIORITIES - 1, .backed = true};
    benchmark_stacks_free();
    frame_cache_drain_this_cpu();
    meter.name = name;
    meter.over = false;
    meter.slept_ticks = meter.sum = meter.samples = 0;
    meter.noted = meter.most = meter.memory_most = meter.points = 0;
    meter.period_ns = FIRST_NS;
    meter.free_before = frame_free_count();
    low_water_reset();
    counts_read(&meter.before);
    meter.begin_ns = clock_now_ns();
    if (thread_create(&urgent, sampler_run, NULL, &meter.sampler) != OK) {
        meter.sampler = NULL;
    }
    meter.begin_tsc = tsc_read_ordered();
}

void macro_sleep_ns(uint64_t duration_ns)
{
    uint64_t start = tsc_read_ordered();
    ignore_result(thread_sleep_ns(duration_ns));
    meter.slept_ticks += tsc_read_ordered() - start;
}

void macro_note(void)
{
    meter.noted = most_note();
}

static void figure(const char *what, uint64_t value, const char *unit)
{
    char name[NAME_MOST];
    format_string(name, sizeof(name), "%s_%s", meter.name, what);
    benchmark_report(name, value, unit);
}

/* Prints nothing if there were none at all. */
static void percent_figure(const char *what, uint64_t part, uint64_t whole)
{
    if (whole != 0) {
        figure(what, part * 100 / whole, "percent");
    }
}

static void figures_print(void)
{
    const struct counts *before = &meter.before, *now = &meter.after;
    uint64_t hits = now->stacks.created_cached - before->stacks.created_cached;
    uint64_t created = hits + now->stacks.created_cold - before->stacks.created_cold;
    uint64_t faults = now->faults - before->faults;
    uint64_t refills = now->refills - before->refills;
    uint64_t failures = now->failures - before->failures;

    figure("instructions", meter.ticks, "instructions");
    figure("guest_us", meter.elapsed_ns / 1000, "us");
    figure("threads", created, "threads");
    figure("stack_now", meter.noted * KIB, "KiB");
    figure("stack_most", meter.most * KIB, "KiB");
    figure("stack_mean", meter.samples != 0 ? meter.sum * KIB / meter.samples : 0, "KiB");
    figure("memory_most", meter.memory_most * KIB, "KiB");
    figure("faults", faults, "faults");
    figure("pages", now->pages - before->pages, "pages");
    figure("faults_per_second", faults * 1000000 / (meter.elapsed_ns / 1000 + 1), "faults/s");
    figure("gate_waits", now->gate.waits - before->gate.waits, "waits");
    percent_figure("cache_hit", hits, created);
    figure("magazine_low_water", low_water_least(), "pages");
    figure("magazine_refills", refills, "refills");
    percent_figure("magazine_hit", refills, refills + failures);
    figure("swapper_rounds", now->swapper.batches - before->swapper.batches, "shootdowns");
}

void macro_stop(void)
{
    meter.ticks = tsc_read_ordered() - meter.begin_tsc - meter.slept_ticks;
    meter.elapsed_ns = clock_now_ns() - meter.begin_ns;
    counts_read(&meter.after);
    __atomic_store_n(&meter.over, true, __ATOMIC_RELEASE);
    if (meter.sampler != NULL) {
        thread_join(meter.sampler);
    }
}

void macro_print(void)
{
    if (meter.sampler == NULL) {
        benchmark_fail(meter.name, "no thread to sample with");
        return;
    }
    for (unsigned i = 0; i < meter.points; i++) {
        console_print("SERIES %s_stack_kib %lu %lu\n", meter.name, meter.curve[i].us,
                      meter.curve[i].pages * KIB);
    }
    figures_print();
}

void macro_end(void)
{
    macro_end_unless(NULL);
}

void macro_end_unless(const char *wrong)
{
    macro_stop();
    if (wrong == NULL) {
        macro_print();
    } else {
        benchmark_fail(meter.name, wrong);
    }
}

void macro_descend(unsigned bytes)
{
    struct descent descent = {.bytes = bytes};
    descent_run(&descent, DESCENT_RECURSE);
}

void macro_random(struct random *random, uint64_t stream)
{
    random_begin(random, options.seed, stream);
}
