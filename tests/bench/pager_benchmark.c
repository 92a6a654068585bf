/*
 * The page fault of user mode that a pager resolves: a thread touches one page after another, and a
 * pager in another address space gives each of them. Each figure is the time from the instruction
 * before the touch to the one behind it: both ways through the pager, and what the kernel does. The
 * pager checks the badge.
 *
 *   pager_fault         the pages are in the memory object: two messages, and the page's entry
 *   pager_fault_fresh   the kernel makes the page as well: that zeroes a frame
 */
#include "arch/x86_64/cpu/address.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/task/pager.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/space/memory_object.h"
#include "tests/bench/benchmarks.h"
#include "tests/support/threads.h"
#include "tests/task/task_fixture.h"

#define TOUCHES 400 /* as user_code.asm */
#define WARM_UP 50
#define BADGE   7
#define PLACE   0x40000000UL
#define WINDOW  0x50000000UL
#define BYTES   (TOUCHES * PAGE_BYTES)

extern const char user_code_pager_client[], user_code_pager_server[];

static uint64_t samples[TOUCHES];

/* Maps the client's memory with the endpoint as its pager; and if it is to be there, fills it. */
static bool client_map(struct task *task, struct endpoint *endpoint, bool filled)
{
    struct memory_object *object;
    struct space_pager *pager;
    struct handle_value value = {&endpoint->object, BADGE, RIGHT_SEND};
    uintptr_t address;
    object_handle_acquire(value.object, value.rights);
    if (pager_create(&value, WAIT_FOREVER, &pager) != OK) {
        handle_value_release(&value);
        return false;
    }
    int error = memory_object_create(BYTES, task->quota, &object);
    if (error == OK) {
        const struct space_mapping mapping = {.address = PLACE,
                                              .bytes = BYTES,
                                              .rights = SPACE_READ,
                                              .rights_most = SPACE_READ,
                                              .object = object,
                                              .pager = pager};
        error = address_space_place(&task->space, &mapping, &address);
        if (error == OK && filled) {
            error = address_space_map(&task->space, WINDOW, BYTES, SPACE_READ, object, 0);
        }
        memory_object_release(object);
    }
    const char *reason;
    for (size_t at = 0; at < BYTES && error == OK && filled; at += PAGE_BYTES) {
        error = address_space_fault(&task->space, WINDOW + at, PAGE_FAULT_USER, &reason);
    }
    space_pager_release(pager);
    return error == OK;
}

static void task_end(struct task *task)
{
    int status;
    if (task != NULL) {
        task_kill(task, 0);
        ignore_result(task_wait(task, WAIT_FOREVER, &status));
        object_release(&task->object);
    }
}

/* Waits for the client, and copies its figures before its task gives up the page. */
static bool client_measure(struct endpoint *endpoint, bool filled)
{
    struct task *task = task_fixture_create(1);
    struct user_thread *user = NULL;
    bool measured = false;
    if (task != NULL && client_map(task, endpoint, filled)) {
        volatile uint64_t *data = task_fixture_data(task);
        user = task_fixture_start(task, 0, user_code_pager_client, PLACE, 1);
        measured = user != NULL && test_eventually(data[TOUCHES - 1] != 0, "it does not go on");
        for (unsigned i = 0; i < TOUCHES; i++) {
            samples[i] = data[i] - benchmark_overhead();
        }
    }
    if (user != NULL) {
        object_release(&user->object);
    }
    task_end(task);
    return measured;
}

static void measure(const char *name, bool filled)
{
    struct endpoint *endpoint;
    uint32_t handle;
    if (endpoint_create(&endpoint) != OK) {
        return;
    }
    struct task *server = task_fixture_create(1);
    struct user_thread *user = NULL;
    if (server != NULL &&
        handle_open(&server->handles, &endpoint->object, RIGHT_RECEIVE, 0, &handle) == OK) {
        user = task_fixture_start(server, 0, user_code_pager_server, handle, 1);
    }
    if (user != NULL && client_measure(endpoint, filled)) {
        benchmark_samples_report(name, samples + WARM_UP, TOUCHES - WARM_UP);
    }
    if (user != NULL) {
        object_release(&user->object);
    }
    task_end(server);
    object_release(&endpoint->object);
}

BENCHMARK(pager_fault)
{
    measure("pager_fault", true);
    measure("pager_fault_fresh", false);
}
