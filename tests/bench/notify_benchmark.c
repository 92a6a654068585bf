/*
 * The cost of a round trip by notifications: a thread signals one and waits for another, which a
 * thread of another address space signals when the first has woken it. Both check the bits.
 */
#include "kernel/ipc/notification.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "tests/bench/bench_side.h"

#define CPU_0 1UL /* by bit */

extern const char user_code_notify_client[], user_code_notify_server[];

/* Gives a side handles to the notification that it signals, and to the one that it waits for. */
static bool side_prepare(struct bench_side *side, enum bench_role role,
                         struct notification *signals, struct notification *waits)
{
    if (!bench_side_create(side, role)) {
        return false;
    }
    volatile uint64_t *handles = &task_fixture_data(side->task)[BENCH_HANDLE_AT];
    handles[0] = bench_side_handle(side, &signals->object, RIGHT_SEND, 0);
    handles[1] = bench_side_handle(side, &waits->object, RIGHT_RECEIVE, 0);
    return handles[0] != 0 && handles[1] != 0;
}

static void measure(struct notification *there, struct notification *back)
{
    static uint64_t samples[BENCH_CALLS];
    struct bench_side server = {NULL, NULL}, client = {NULL, NULL};
    if (side_prepare(&server, BENCH_SERVER, back, there) &&
        side_prepare(&client, BENCH_CLIENT, there, back) &&
        bench_side_start(&server, user_code_notify_server, 0, CPU_0) &&
        bench_side_start(&client, user_code_notify_client, 0, CPU_0)) {
        unsigned count = bench_side_samples(&client, samples);
        if (count != 0) {
            benchmark_samples_report("notify_roundtrip", samples, count);
        }
    }
    bench_side_end(&client);
    bench_side_end(&server);
}

BENCHMARK(notify_roundtrip)
{
    struct notification *there, *back;
    if (notification_create(&there) != OK) {
        return;
    }
    if (notification_create(&back) == OK) {
        measure(there, back);
        object_release(&back->object);
    }
    object_release(&there->object);
}
