/*
 * The cost of a round trip of IPC: a call of a server in another address space, with six words each
 * way, from the instruction before the client's SYSCALL to the one behind it. The server checks the
 * badge, and the client every word.
 */
#include "kernel/ipc/endpoint.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "tests/bench/benchmarks.h"
#include "tests/support/threads.h"
#include "tests/task/task_fixture.h"

#define CALLS   400 /* as user_code.asm */
#define WARM_UP 50
#define BADGE   7

extern const char user_code_ipc_client[], user_code_ipc_server[];

static uint64_t samples[CALLS];

/* A task with one thread that begins at `code` with a handle to the endpoint in RDI. */
static struct task *side_start(const char *code, struct endpoint *endpoint, unsigned rights,
                               struct user_thread **user)
{
    struct task *task = task_fixture_create(1);
    uint32_t handle;
    *user = NULL;
    if (task != NULL) {
        (void)task_fixture_data(task);
        if (handle_open(&task->handles, &endpoint->object, rights, BADGE, &handle) == OK) {
            *user = task_fixture_start(task, 0, code, handle, 1);
        }
    }
    return task;
}

static void side_end(struct task *task, struct user_thread *user)
{
    int status;
    if (user != NULL) {
        object_release(&user->object);
    }
    if (task != NULL) {
        task_kill(task, 0);
        ignore_result(task_wait(task, WAIT_FOREVER, &status));
        object_release(&task->object);
    }
}

/* Waits for the client, and copies its figures before its task gives up the page. */
static bool client_measure(struct endpoint *endpoint)
{
    struct user_thread *user;
    struct task *task = side_start(user_code_ipc_client, endpoint, RIGHT_SEND, &user);
    bool measured = false;
    if (user != NULL) {
        volatile uint64_t *data = task_fixture_data(task);
        test_eventually(data[CALLS - 1] != 0, "the client has not made its calls");
        for (unsigned i = 0; i < CALLS; i++) {
            samples[i] = data[i];
        }
        measured = data[CALLS - 1] != 0;
    }
    side_end(task, user);
    return measured;
}

BENCHMARK(ipc_roundtrip)
{
    struct endpoint *endpoint;
    struct user_thread *user;
    if (endpoint_create(&endpoint) != OK) {
        return;
    }
    struct task *server = side_start(user_code_ipc_server, endpoint, RIGHT_RECEIVE, &user);
    if (user != NULL && client_measure(endpoint)) {
        for (unsigned i = 0; i < CALLS; i++) {
            samples[i] -= benchmark_overhead();
        }
        benchmark_samples_report("ipc_roundtrip", samples + WARM_UP, CALLS - WARM_UP);
    }
    side_end(server, user);
    object_release(&endpoint->object);
}
