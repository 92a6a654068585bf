/*
 * The longest sections with interrupts or preemption off while 100,000 threads do what threads do:
 * they are created, sleep until one common time, are swapped out, wake, wait for memory, end; and
 * while many threads wait in IPC whose other side ends. Only the latency build times sections
 * (arch/x86_64/cpu/off_time.h); `make latency` runs this.
 */
#ifdef LATENCY

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/off_time.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "mm/frame/frame.h"
#include "mm/frame/numa_node.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/barrier.h"
#include "tests/bench/latency_ipc.h"
#include "tests/bench/latency_task.h"
#include "tests/support/memory_exhaust.h"

#define THREADS_MOST      100000
#define SHOWN             10
#define WAITS_SHOWN       5
#define STEP_NS           1000000UL
#define COMMON_SLEEP_NS   2000000000UL
#define FRAMES_PER_THREAD 2 /* of the memory: a top page, its tables, and room for growth */
#define PLANTED_STEPS     10000

static struct thread *threads[THREADS_MOST];
static struct barrier first, second, third;
static uint64_t common_ns;

/* Sleeps until the time at which all others wake as well, in one tick. */
static void sleeper_run(void *argument maybe_unused)
{
    barrier_arrive(&first);
    uint64_t now_ns = clock_now_ns();
    if (now_ns < common_ns) {
        ignore_result(thread_sleep_ns(common_ns - now_ns));
    }
    barrier_arrive(&second);
    barrier_arrive(&third);
}

static unsigned threads_create(void)
{
    unsigned most = (unsigned)(frame_free_count() / FRAMES_PER_THREAD), count = 0;
    most = most < THREADS_MOST ? most : THREADS_MOST;
    while (count < most && thread_start("sleeper", sleeper_run, NULL, &threads[count]) == OK) {
        count++;
    }
    return count;
}

/*
 * All wake at once, and there is not a frame: each in turn fails to pass the gate. Those that pass
 * wait for the third barrier and keep their pages, for else they would make room for the others.
 */
static void memory_wait_all(unsigned count)
{
    static struct memory_exhausted taken;
    swapper_ages_set(0, 0);
    swapper_quiet_set(true);
    memory_exhaust(&taken);
    barrier_release(&second);
    for (unsigned i = 0; i < 100; i++) {
        ignore_result(thread_sleep_ns(STEP_NS));
    }
    console_print("# %u threads wait for memory\n", memory_queued());
    for (unsigned i = 0; i < 100; i++) {
        ignore_result(thread_priority_set(threads[i * 7], THREAD_PRIORITY_DEFAULT + 1));
    }
    for (unsigned i = 0; i < 100; i++) {
        ignore_result(thread_priority_set(threads[i * 7], THREAD_PRIORITY_DEFAULT));
    }
    memory_give(&taken, taken.count);
    swapper_quiet_set(false);
    barrier_await(&third, count);
    barrier_release(&third);
}

static void place_print(const char *before, uintptr_t place)
{
    uintptr_t offset;
    const char *name = symbol_find(place, &offset);
    console_print("%s%s+0x%lx", before, name != NULL ? name : "?", name != NULL ? offset : place);
}

static void section_print(const struct off_section *section, uint64_t ticks)
{
    console_print("# %10lu instructions, ", ticks);
    place_print("from ", section->place);
    place_print(" to ", section->end_place);
    console_print(" (%lu times)\n", section->count);
}

static struct off_section sections[OFF_SECTIONS_MAX];

static uint64_t sections_print(enum off_kind kind, const char *what)
{
    unsigned count = off_time_longest(kind, sections, SHOWN);
    console_print("# The longest sections with %s off:\n", what);
    for (unsigned i = 0; i < count; i++) {
        section_print(&sections[i], sections[i].longest);
    }
    return count != 0 ? sections[0].longest : 0;
}

static uint64_t waits_print(void)
{
    unsigned count = off_time_waited_longest(sections, WAITS_SHOWN);
    if (count != 0) {
        console_print("# The sections that waited longest for locks, and how long:\n");
    }
    for (unsigned i = 0; i < count; i++) {
        section_print(&sections[i], sections[i].waited);
    }
    return count != 0 ? sections[0].waited : 0;
}

/* docs/latency.md has a bound for the sections that begin in these functions. */
static const char *const bounded[] = {
    "thread_for_each", "thread_walk",         "schedule_change", "timeout_expire",
    "balance_tick",    "stack_slot_allocate", "log_handle",      "console_write_styled",
    "console_print",   "print_list",          "balance_steal",   "text_begin",
};

static bool is_bounded(const struct off_section *section)
{
    uintptr_t offset;
    const char *name = symbol_find(section->place, &offset);
    for (unsigned i = 0; name != NULL && i < array_length(bounded); i++) {
        if (strncmp(name, bounded[i], strlen(bounded[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Those that are not among the longest, too. */
static void bounded_print(void)
{
    unsigned count = off_time_longest(OFF_INTERRUPTS, sections, OFF_SECTIONS_MAX);
    console_print("# The sections that docs/latency.md has a bound for:\n");
    for (unsigned i = 0; i < count; i++) {
        if (is_bounded(&sections[i])) {
            section_print(&sections[i], sections[i].longest);
        }
    }
}

static void report(const char *name)
{
    off_time_record(false);
    uint64_t preemption = sections_print(OFF_PREEMPTION, "preemption");
    uint64_t interrupts = sections_print(OFF_INTERRUPTS, "interrupts");
    if (off_time_dropped() != 0) {
        console_print("# %lu sections found no place in the table\n", off_time_dropped());
    }
    bounded_print();
    uint64_t waited = waits_print();
    benchmark_report("lock_wait_longest", waited, "instructions");
    benchmark_report("preempt_off_longest", preemption, "instructions");
    benchmark_report(name, interrupts, "instructions");
}

BENCHMARK(irq_off_longest)
{
    barrier_init(&first);
    barrier_init(&second);
    barrier_init(&third);
    off_time_record(true);
    unsigned count = threads_create();
    console_print("# %u threads\n", count);
    barrier_await(&first, count);
    common_ns = clock_now_ns() + COMMON_SLEEP_NS;
    barrier_release(&first);
    barrier_await(&second, count);
    console_print("# all have slept until one common time\n");
    ignore_result(thread_find(UINT32_MAX));
    (void)thread_of_slot(UINT32_MAX - 1);
    console_print("# pages were taken from %u threads\n", swapper_pass(NULL, SWAPPER_SWAP));
    memory_wait_all(count);
    for (unsigned i = 0; i < count; i++) {
        thread_join(threads[i]);
    }
    ignore_result(thread_sleep_ns(100 * STEP_NS));
    console_print("# all have ended\n");
    latency_ipc_run();
    latency_task_run();
    report("irq_off_longest");
}

/* A whole stack of 1 MiB from another NUMA node, as for a thread that runs on a CPU there. */
BENCHMARK(irq_off_far)
{
    uint32_t slot;
    off_time_record(true);
    int error = stack_create_in(numa_node_count - 1, true, STACK_BYTES_MAX, &slot);
    if (error != OK) {
        console_print("# no stack: %s\n", error_name(error));
        return;
    }
    unsigned far = 0;
    const volatile uint64_t *above = stack_entries(slot) + STACK_PAGES;
    for (unsigned page = 1; page <= STACK_PAGES_MAX; page++) {
        far += numa_node_of(stack_entry_frame(*(above - page))) == numa_node_count - 1;
    }
    console_print("# %u of %u pages are of the other node\n", far, (unsigned)STACK_PAGES_MAX);
    uint64_t flags = interrupts_save();
    stack_destroy(slot);
    interrupts_restore(flags);
    report("irq_off_far");
}

/* A section as long as no section should be: the report must name this function. */
static never_inline void planted_section(void)
{
    uint64_t flags = interrupts_save();
    for (unsigned i = 0; i < PLANTED_STEPS; i++) {
        __asm__ volatile("" ::: "memory"); /* three instructions a step with the loop's own two */
        cpu_nothing();
    }
    interrupts_restore(flags);
}

BENCHMARK(irq_off_planted)
{
    off_time_record(true);
    planted_section();
    report("irq_off_planted");
}

#endif
