/*
 * As many user threads asleep in IPC as bench-threads= says, or as there is memory for: the threads
 * of user/bare, which have no stack in user mode. They are counted at the endpoint that they call.
 * What a thread costs is the kernel's part: thread, kernel stack or what was saved of it, tables.
 * Then each gets its answer, checks it, and ends. `make million THREADS=user` runs it with ipc=keep and
 * ipc=handoff.
 */
#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "kernel/options.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "lib/format.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/thread.h"
#include "sched/stack/handoff.h"
#include "sched/stack/swapper.h"
#include "tests/bench/bench_program.h"
#include "tests/bench/benchmarks.h"
#include "tests/support/endpoint_callers.h"

#define LOOK_NS   1000000000UL
#define STEP_NS   1000000UL
#define LOOKS_TOO 4 /* without a new thread: the program has given up */

#define TASK_THREADS 16000 /* of one program; the kernel allows some more */
#define TASKS_MOST   ((BENCH_THREADS_MAX + TASK_THREADS - 1) / TASK_THREADS)

static struct task *tasks[TASKS_MOST];
static unsigned tasks_made;

/* Waits until so many wait in their calls, or no more come. Returns their number. */
static uint32_t crowd_await(struct endpoint *endpoint, uint32_t wanted)
{
    uint32_t count = 0, before = 0;
    for (unsigned looks = 0; count < wanted && looks < LOOKS_TOO; looks++) {
        ignore_result(thread_sleep_ns(LOOK_NS));
        count = endpoint_callers_count(endpoint);
        if (count != before) {
            before = count;
            looks = 0;
        }
    }
    return count;
}

/* Starts programs until so many threads wait, or there is no memory for more. Returns their number. */
static uint32_t crowd_start(struct endpoint *endpoint, uint32_t wanted)
{
    uint32_t count = 0, asked = 0;
    char words[64];
    for (tasks_made = 0; count == asked && count < wanted && tasks_made < TASKS_MOST;
         tasks_made++) {
        uint32_t more = wanted - count < TASK_THREADS ? wanted - count : TASK_THREADS;
        format_string(words, sizeof(words), "bare %u", more);
        tasks[tasks_made] = bench_program_start(words, endpoint);
        if (tasks[tasks_made] == NULL) {
            break;
        }
        asked += more;
        count = crowd_await(endpoint, asked);
        console_print("# %u of %u sleep, %lu MiB free\n", count, wanted,
                      frame_free_count() * PAGE_BYTES >> 20);
    }
    return count;
}

/*
 * Answers all, also those that get memory to call only now, until no thread but the `others` is
 * left.
 */
static void crowd_end(struct endpoint *endpoint, uint32_t others)
{
    for (uint64_t end_ns = bench_deadline(); thread_count() > others && clock_now_ns() < end_ns;) {
        uint32_t waiting = endpoint_callers_count(endpoint);
        if (waiting != 0) {
            ignore_result(bench_calls_answer(endpoint, waiting)); /* else it times out here */
            end_ns = bench_deadline();
        } else {
            ignore_result(thread_sleep_ns(STEP_NS));
        }
    }
}

/* Has the swapper take all their stacks at once, as it would later by itself. */
static void swap_out(uint32_t count)
{
    struct stack_swap_counts counts;
    uint64_t end_ns = bench_deadline();
    do {
        (void)swapper_pass(NULL, SWAPPER_SWAP);
        (void)stack_standby_free(UINT32_MAX); /* such pages are free for all who need some */
        stack_swap_counts_read(&counts);
    } while (counts.saved_now + (uint32_t)handoff_threads() < count && clock_now_ns() < end_ns);
}

BENCHMARK_SCENARIO(million_user)
{
    struct endpoint *endpoint = bench_programs_begin("million_user");

    if (endpoint == NULL) {
        return;
    }
    benchmark_stacks_free();
    size_t free_before = frame_free_count();
    uint32_t threads_before = thread_count();
    uint32_t count = crowd_start(endpoint, options.bench_threads);
    benchmark_report("million_user_blocked", count, "threads");
    if (count != 0) {
        benchmark_report("million_user_bytes",
                         (free_before - frame_free_count()) * PAGE_BYTES / count, "bytes");
        swap_out(count);
        benchmark_report("million_user_bytes_swapped",
                         (free_before - frame_free_count()) * PAGE_BYTES / count, "bytes");
    }
    crowd_end(endpoint, threads_before);
    while (tasks_made > 0) {
        ignore_result(bench_program_end(tasks[--tasks_made])); /* it says so */
    }
    benchmark_report("million_user_left", thread_count() - threads_before, "threads");
    bench_programs_end(endpoint);
}
