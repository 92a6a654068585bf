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
#include "kernel/ipc/ipc.h"
#include "kernel/program/program.h"
#include "kernel/task/user_thread.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/swapper.h"
#include "tests/bench/benchmarks.h"

#define THREADS 1000
#define WAIT_NS 60000000000UL

static struct ipc_state state;

static uint64_t deadline(void)
{
    return clock_now_ns() + WAIT_NS;
}

/* Starts a program that may call the endpoint. Returns NULL, and says why, if that fails. */
static struct task *program_begin(const char *words, struct endpoint **endpoint)
{
    struct program_options options = {.words = words};
    struct task *task;
    const char *reason = "no memory";

    if (endpoint_create(endpoint) != OK) {
        return NULL;
    }
    object_handle_acquire(&(*endpoint)->object, RIGHT_RECEIVE);
    options.parent = (struct handle_value){.object = &(*endpoint)->object, .rights = RIGHT_SEND};
    ipc_state_init(&state, NULL);
    if (program_run(&options, &task, &reason) != OK) {
        console_print("# '%s' is not started: %s\n", words, reason);
        return NULL;
    }
    return task;
}

static void program_end(struct task *task, struct endpoint *endpoint)
{
    int status;

    ipc_state_end(&state);
    object_handle_release(&endpoint->object, RIGHT_RECEIVE);
    object_release(&endpoint->object);
    if (task != NULL) {
        if (task_wait(task, WAIT_NS, &status) != OK || status != 0) {
            console_print("# the program has not ended well\n");
        }
        object_release(&task->object);
    }
}

BENCHMARK(user_programs)
{
    static const char *const names[] = {"user_fault", "user_thread_cycle", "task_cycle",
                                        "spawn_cycle"};
    struct endpoint *endpoint;
    struct task *task = program_begin("bench", &endpoint);

    for (unsigned i = 0; task != NULL && i < array_length(names); i++) {
        if (ipc_receive(&state, endpoint, deadline()) != OK) {
            break;
        }
        benchmark_report(names[state.message.words[0] % array_length(names)],
                         state.message.words[1], "instructions");
        ignore_result(ipc_reply(&state));
    }
    program_end(task, endpoint);
}

static uint32_t callers_count(struct endpoint *endpoint)
{
    uint32_t count = 0;

    spin_lock(&endpoint->lock);
    for (unsigned priority = 0; priority < PRIORITY_QUEUE_LEVELS; priority++) {
        list_for_each (node, &endpoint->callers.lists[priority]) {
            count++;
        }
    }
    spin_unlock(&endpoint->lock);
    return count;
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

static void crowd_answer(struct endpoint *endpoint)
{
    for (unsigned i = 0; i < THREADS; i++) {
        if (ipc_receive(&state, endpoint, deadline()) != OK) {
            return;
        }
        for (unsigned word = 0; word < MESSAGE_WORDS; word++) {
            state.message.words[word] = ~state.message.words[word];
        }
        ignore_result(ipc_reply(&state));
    }
}

BENCHMARK(user_thread_bytes)
{
    struct frames before = frames_read();
    struct endpoint *endpoint;
    struct stack_swap_counts counts;
    struct task *task = program_begin("crowd 0 1000", &endpoint);
    uint64_t end_ns = deadline();

    while (task != NULL && callers_count(endpoint) < THREADS && clock_now_ns() < end_ns) {
        ignore_result(thread_sleep_ns(1000000));
    }
    if (task != NULL) {
        kernel_part_report(&before, "user_thread_bytes_before");
        user_parts_report(&before);
        do {
            (void)swapper_pass(NULL, SWAPPER_SWAP);
            (void)stack_standby_free(UINT32_MAX);
            stack_swap_counts_read(&counts);
        } while (counts.saved_now < THREADS && clock_now_ns() < end_ns);
        kernel_part_report(&before, "user_thread_bytes");
        console_print("# of these: struct thread %zu, struct user_thread %zu\n",
                      sizeof(struct thread), sizeof(struct user_thread));
        crowd_answer(endpoint);
    }
    program_end(task, endpoint);
}
