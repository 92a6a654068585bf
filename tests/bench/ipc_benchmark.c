/*
 * The cost of a round trip of IPC: a call of a server in another address space, with six words each
 * way, from the instruction before the client's SYSCALL to the one behind it. The server checks the
 * badge, and each side its stamp, which lies at the same address in both address spaces; the client
 * checks every word. Where a message has bytes, the server checks the last ones.
 *
 *   ipc_roundtrip             words alone, both on one CPU
 *   ipc_roundtrip_4k          4,096 bytes with each call, none with the answer
 *   ipc_roundtrip_mixed       the mean of calls of which three in four have words alone
 *   ipc_roundtrip_other_cpu   words alone, the server on another CPU
 */
#include "kernel/console/console.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "tests/bench/bench_side.h"
#include "tests/bench/message_counts.h"

#define BADGE 7 /* as user_code.asm */

/* CPUs, by bit */
#define CPU_0 1UL
#define CPU_1 2UL

extern const char user_code_ipc_client[], user_code_ipc_server[], user_code_ipc_bytes_server[];

struct traffic {
    const char *server;
    uint64_t server_affinity;
    uint16_t bytes[BENCH_TAGS]; /* of the calls, in turn */
};

static uint64_t samples[BENCH_CALLS];

static bool sides_start(struct bench_side *server, struct bench_side *client,
                        struct endpoint *endpoint, const struct traffic *traffic)
{
    if (!bench_side_create(server, BENCH_SERVER) || !bench_side_create(client, BENCH_CLIENT)) {
        return false;
    }
    for (unsigned i = 0; i < BENCH_TAGS; i++) {
        task_fixture_data(client->task)[BENCH_TAGS_AT + i] = message_tag(0, 0, traffic->bytes[i]);
    }
    uint32_t receive = bench_side_handle(server, &endpoint->object, RIGHT_RECEIVE, 0);
    uint32_t send = bench_side_handle(client, &endpoint->object, RIGHT_SEND, BADGE);
    return receive != 0 && send != 0 &&
           bench_side_start(server, traffic->server, receive, traffic->server_affinity) &&
           bench_side_start(client, user_code_ipc_client, send, CPU_0);
}

/* Makes the calls. Returns how many samples there are. */
static unsigned measure(const struct traffic *traffic)
{
    struct bench_side server = {NULL, NULL}, client = {NULL, NULL};
    struct endpoint *endpoint;
    unsigned count = 0;
    if (endpoint_create(&endpoint) != OK) {
        return 0;
    }
    if (sides_start(&server, &client, endpoint, traffic)) {
        count = bench_side_samples(&client, samples);
    }
    bench_side_end(&client);
    bench_side_end(&server);
    object_release(&endpoint->object);
    return count;
}

static void measure_median(const char *name, const struct traffic *traffic)
{
    unsigned count = measure(traffic);
    if (count != 0) {
        benchmark_samples_report(name, samples, count);
    }
}

BENCHMARK(ipc_roundtrip)
{
    static const struct traffic words = {user_code_ipc_server, CPU_0, {0}};
    measure_median("ipc_roundtrip", &words);
}

BENCHMARK(ipc_roundtrip_4k)
{
    static const struct traffic pages = {
        user_code_ipc_bytes_server,
        CPU_0,
        {[0 ... BENCH_TAGS - 1] = MESSAGE_BYTES_MAX},
    };
    measure_median("ipc_roundtrip_4k", &pages);
}

BENCHMARK(ipc_roundtrip_mixed)
{
    static const struct traffic mixed = {
        user_code_ipc_bytes_server,
        CPU_0,
        {[3] = 64, [7] = 64, [11] = 512, [15] = MESSAGE_BYTES_MAX},
    };
    uint64_t sum = 0;
    message_counts_begin();
    unsigned count = measure(&mixed) / BENCH_TAGS * BENCH_TAGS; /* whole turns */
    for (unsigned i = 0; i < count; i++) {
        sum += samples[i];
    }
    if (count != 0) {
        message_counts_print("ipc_roundtrip_mixed");
        benchmark_report("ipc_roundtrip_mixed", sum / count, "instructions");
    }
}

BENCHMARK(ipc_roundtrip_other_cpu)
{
    static const struct traffic words = {user_code_ipc_server, CPU_1, {0}};
    if (cpu_online_count() < 2) {
        console_print("# ipc_roundtrip_other_cpu: there is one CPU\n");
        return;
    }
    console_print("# ipc_roundtrip_other_cpu: the instructions of all CPUs\n");
    measure_median("ipc_roundtrip_other_cpu", &words);
}
