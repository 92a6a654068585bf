/*
 * What user programs do, measured by the program `bench` in ring 3:
 *
 *   user_fault         the first touch of a page: from the instruction through the fault and back
 *   user_thread_cycle  create, start, run and join a thread, on a stack that another one has left
 *   task_cycle         create a task with one page of code, start its thread, which ends it, wait
 *   spawn_cycle        the same with a program of the boot archive: loaded, run, and awaited
 *
 * And what 1,000 threads of a program need while they sleep in IPC, in bytes for each, by part.
 */
#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "kernel/task/user_thread.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/heap/slab.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/handoff.h"
#include "sched/stack/swapper.h"
#include "tests/bench/bench_program.h"
#include "tests/bench/benchmarks.h"
#include "tests/bench/memory_parts.h"
#include "tests/support/endpoint_callers.h"

#define THREADS 1000

BENCHMARK(user_programs)
{
    static const char *const names[] = {"user_fault", "user_thread_cycle", "task_cycle",
                                        "spawn_cycle"};
    struct endpoint *endpoint = bench_programs_begin("user_programs");

    if (endpoint == NULL) {
        return;
    }
    struct task *task = bench_program_start("bench", endpoint);

    unsigned taken = 0;
    for (; task != NULL && taken < array_length(names); taken++) {
        if (ipc_receive(&bench_ipc, endpoint, bench_deadline()) != OK) {
            break;
        }
        benchmark_report(names[bench_ipc.message.words[0] % array_length(names)],
                         bench_ipc.message.words[1], "instructions");
        ignore_result(ipc_reply(&bench_ipc));
    }
    bench_programs_end(endpoint);
    if (!bench_program_end(task) || taken != array_length(names)) {
        benchmark_fail("user_programs", "the program has not started, or not ended well");
    }
}

static void part_report(const char *name, size_t before, size_t after)
{
    benchmark_report(name, (after - before) * PAGE_BYTES / THREADS, "bytes");
}

/* The part that is the kernel's own: not the program's pages, nor their tables and lists. */
static size_t kernel_frames(const struct memory_parts *parts)
{
    return parts->used - parts->owned[FRAME_OWNER_USER] - parts->owned[FRAME_OWNER_USER_TABLE];
}

static void awake_report(const struct memory_parts *before, const struct memory_parts *now)
{
    part_report("user_thread_bytes_before", kernel_frames(before), kernel_frames(now));
    part_report("user_thread_bytes_user_pages", before->owned[FRAME_OWNER_USER],
                now->owned[FRAME_OWNER_USER]);
    part_report("user_thread_bytes_user_tables", before->owned[FRAME_OWNER_USER_TABLE],
                now->owned[FRAME_OWNER_USER_TABLE]);
}

static void swapped_report(const struct memory_parts *before, const struct memory_parts *now)
{
    part_report("user_thread_bytes", kernel_frames(before), kernel_frames(now));
    memory_parts_print(before, now, THREADS);
    console_print("# struct thread has %zu bytes, struct user_thread %zu\n", sizeof(struct thread),
                  sizeof(struct user_thread));
}

/* Has the swapper take the stacks of all threads of the crowd. */
static void crowd_swap_out(uint64_t end_ns)
{
    struct stack_swap_counts counts;

    do {
        (void)swapper_pass(NULL, SWAPPER_SWAP);
        (void)stack_standby_free(UINT32_MAX);
        stack_swap_counts_read(&counts);
    } while (counts.saved_now + (uint32_t)handoff_threads() < THREADS && clock_now_ns() < end_ns);
}

/*
 * So that nothing is counted that the crowd has only left behind or found: frees the stacks that no
 * thread has, wherever these wait for a new thread or for the reclaimer, and the empty slabs.
 */
static void leftovers_free(uint64_t end_ns)
{
    for (benchmark_stacks_free(); stack_reclaim_wanted() && clock_now_ns() < end_ns;) {
        ignore_result(thread_sleep_ns(1000000));
    }
    slab_reap();
}

BENCHMARK(user_thread_bytes)
{
    static struct memory_parts before, now; /* too large for a stack */
    uint64_t end_ns = bench_deadline();

    leftovers_free(end_ns);
    memory_parts_read(&before);
    struct endpoint *endpoint = bench_programs_begin("user_thread_bytes");

    if (endpoint == NULL) {
        return;
    }
    struct task *task = bench_program_start("crowd 0 1000", endpoint);

    while (task != NULL && endpoint_callers_count(endpoint) < THREADS && clock_now_ns() < end_ns) {
        ignore_result(thread_sleep_ns(1000000));
    }
    bool right = endpoint_callers_count(endpoint) == THREADS;
    if (right) {
        leftovers_free(end_ns); /* with ipc=handoff the threads have given their stacks away */
        memory_parts_read(&now);
        awake_report(&before, &now);
        crowd_swap_out(end_ns);
        leftovers_free(end_ns);
        memory_parts_read(&now);
        swapped_report(&before, &now);
        right = bench_calls_answer(endpoint, THREADS);
    }
    bench_programs_end(endpoint);
    if (!bench_program_end(task) || !right) {
        benchmark_fail("user_thread_bytes", "the program has not started, or not ended well");
    }
}
