/* See bench_program.h. */
#include "tests/bench/bench_program.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "kernel/program/program.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"

#define WAIT_NS 60000000000UL

struct ipc_state bench_ipc;

uint64_t bench_deadline(void)
{
    return clock_now_ns() + WAIT_NS;
}

struct endpoint *bench_programs_begin(const char *name)
{
    struct endpoint *endpoint;

    if (endpoint_create(&endpoint) != OK) {
        benchmark_fail(name, "no memory for an endpoint");
        return NULL;
    }
    object_handle_acquire(&endpoint->object, RIGHT_RECEIVE); /* somebody may receive */
    ipc_state_init(&bench_ipc, NULL);
    return endpoint;
}

struct task *bench_program_start(const char *words, struct endpoint *endpoint)
{
    struct program_options options = {
        .words = words, .parent = {.object = &endpoint->object, .rights = RIGHT_SEND}};
    struct task *task;
    const char *reason = "no memory";

    if (program_run(&options, &task, &reason) != OK) {
        console_print("# '%s' is not started: %s\n", words, reason);
        return NULL;
    }
    return task;
}

bool bench_calls_answer(struct endpoint *endpoint, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ipc_receive(&bench_ipc, endpoint, bench_deadline()) != OK) {
            return false;
        }
        for (unsigned word = 0; word < MESSAGE_WORDS; word++) {
            bench_ipc.message.words[word] = ~bench_ipc.message.words[word];
        }
        ignore_result(ipc_reply(&bench_ipc));
    }
    return true;
}

void bench_programs_end(struct endpoint *endpoint)
{
    ipc_state_end(&bench_ipc);
    object_handle_release(&endpoint->object, RIGHT_RECEIVE);
    object_release(&endpoint->object);
}

bool bench_program_end(struct task *task)
{
    int status = 0;

    if (task == NULL) {
        return false;
    }
    int error = task_wait(task, WAIT_NS, &status);
    if (error != OK) {
        console_print("# '%s' has not ended: %s\n", task->name, error_name(error));
    } else if (status != 0) {
        console_print("# '%s' has ended with status %d\n", task->name, status);
    }
    object_release(&task->object);
    return error == OK && status == 0;
}
