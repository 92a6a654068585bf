/* See bench_program.h. */
#include "tests/bench/bench_program.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "kernel/program/program.h"
#include "lib/error.h"

#define WAIT_NS 60000000000UL

struct ipc_state bench_ipc;

uint64_t bench_deadline(void)
{
    return clock_now_ns() + WAIT_NS;
}

struct endpoint *bench_programs_begin(void)
{
    struct endpoint *endpoint;

    if (endpoint_create(&endpoint) != OK) {
        console_print("# no memory for an endpoint\n");
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

void bench_calls_answer(struct endpoint *endpoint, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ipc_receive(&bench_ipc, endpoint, bench_deadline()) != OK) {
            return;
        }
        for (unsigned word = 0; word < MESSAGE_WORDS; word++) {
            bench_ipc.message.words[word] = ~bench_ipc.message.words[word];
        }
        ignore_result(ipc_reply(&bench_ipc));
    }
}

void bench_programs_end(struct endpoint *endpoint)
{
    ipc_state_end(&bench_ipc);
    object_handle_release(&endpoint->object, RIGHT_RECEIVE);
    object_release(&endpoint->object);
}

void bench_program_end(struct task *task)
{
    int status;

    if (task == NULL) {
        return;
    }
    if (task_wait(task, WAIT_NS, &status) != OK || status != 0) {
        console_print("# the program has not ended well\n");
    }
    object_release(&task->object);
}
