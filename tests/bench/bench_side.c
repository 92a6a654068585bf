/* See bench_side.h. */
#include "tests/bench/bench_side.h"

#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "tests/support/threads.h"

bool bench_side_create(struct bench_side *side, enum bench_role role)
{
    side->user = NULL;
    side->task = task_fixture_create(1);
    if (side->task == NULL) {
        return false;
    }
    task_fixture_data(side->task)[BENCH_STAMP_AT] = role;
    return true;
}

uint32_t bench_side_handle(const struct bench_side *side, struct object *object, unsigned rights,
                           uint64_t badge)
{
    uint32_t handle;
    return handle_open(&side->task->handles, object, rights, badge, &handle) == OK ? handle : 0;
}

bool bench_side_start(struct bench_side *side, const char *code, uint64_t argument,
                      uint64_t affinity)
{
    side->user = task_fixture_start(side->task, 0, code, argument, affinity);
    return side->user != NULL;
}

unsigned bench_side_samples(const struct bench_side *side, uint64_t samples[BENCH_CALLS])
{
    volatile uint64_t *data = task_fixture_data(side->task);
    if (!test_eventually(data[BENCH_CALLS - 1] != 0, "the client has not made its calls")) {
        return 0;
    }
    for (unsigned i = BENCH_WARM_UP; i < BENCH_CALLS; i++) {
        samples[i - BENCH_WARM_UP] = data[i] - benchmark_overhead();
    }
    return BENCH_CALLS - BENCH_WARM_UP;
}

void bench_side_end(struct bench_side *side)
{
    int status;
    if (side->user != NULL) {
        object_release(&side->user->object);
    }
    if (side->task != NULL) {
        task_kill(side->task, 0);
        ignore_result(task_wait(side->task, WAIT_FOREVER, &status));
        object_release(&side->task->object);
    }
}
