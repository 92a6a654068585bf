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
#include "mm/frame/frame.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/handoff.h"
#include "sched/stack/swapper.h"
#include "tests/bench/bench_program.h"
#include "tests/bench/benchmarks.h"
#include "tests/support/endpoint_callers.h"

#define THREADS 1000

BENCHMARK(user_programs)
{
    static const char *const names[] = {"user_fault", "user_thread_cycle", "task_cycle",
                                        "spawn_cycle"};
    struct endpoint *endpoint = bench_programs_begin();

    if (endpoint == NULL) {
        return;
    }
    struct task *task = bench_program_start("bench", endpoint);

    for (unsigned i = 0; task != NULL && i < array_length(names); i++) {
        if (ipc_receive(&bench_ipc, endpoint, bench_deadline()) != OK) {
            break;
        }
        benchmark_report(names[bench_ipc.message.words[0] % array_length(names)],
                         bench_ipc.message.words[1], "instructions");
        ignore_result(ipc_reply(&bench_ipc));
    }
    bench_programs_end(endpoint);
    bench_program_end(task);
}

/* Frames in use, and how many of them the programs' pages and tables are. */
struct frames {
    size_t all, memory, tables;
};

static struct frames frames_read(void)
{
    return (struct frames){frame_total_count() - frame_free_count(),
                           frame_owned_count(FRAME_OWNER_USER),
                           frame_owned_count(FRAME_OWNER_USER_TABLE)};
}

static void part_report(const char *name, size_t before, size_t after)
{
    benchmark_report(name, (after - before) * PAGE_BYTES / THREADS, "bytes");
}

/* Reports what the kernel itself has of them. */
static void kernel_part_report(const struct frames *before, const char *name)
{
    struct frames now = frames_read();

    part_report(name, before->all - before->memory - before->tables,
                now.all - now.memory - now.tables);
}

static void user_parts_report(const struct frames *before)
{
    struct frames now = frames_read();

    part_report("user_thread_bytes_user_pages", before->memory, now.memory);
    part_report("user_thread_bytes_user_tables", before->tables, now.tables);
}

/*
 * Frees the stacks that threads have left, with ipc=handoff also threads that wait, before the reclaimer does. How many
 * there are at one moment depends on whether all threads were created before the first of them ran.
 */
static void stacks_reap(void)
{
    while (stack_reclaim() != 0) {
    }
}

BENCHMARK(user_thread_bytes)
{
    struct frames before = frames_read();
    struct stack_swap_counts counts;
    struct endpoint *endpoint = bench_programs_begin();
    uint64_t end_ns = bench_deadline();

    if (endpoint == NULL) {
        return;
    }
    struct task *task = bench_program_start("crowd 0 1000", endpoint);

    while (task != NULL && endpoint_callers_count(endpoint) < THREADS && clock_now_ns() < end_ns) {
        ignore_result(thread_sleep_ns(1000000));
    }
    if (task != NULL) {
        stacks_reap();
        kernel_part_report(&before, "user_thread_bytes_before");
        user_parts_report(&before);
        do {
            (void)swapper_pass(NULL, SWAPPER_SWAP);
            (void)stack_standby_free(UINT32_MAX);
            stack_swap_counts_read(&counts);
        } while (counts.saved_now + (uint32_t)handoff_threads() < THREADS &&
                 clock_now_ns() < end_ns);
        stacks_reap();
        kernel_part_report(&before, "user_thread_bytes");
        console_print("# of these: struct thread %zu, struct user_thread %zu\n",
                      sizeof(struct thread), sizeof(struct user_thread));
        bench_calls_answer(endpoint, THREADS);
    }
    bench_programs_end(endpoint);
    bench_program_end(task);
}
