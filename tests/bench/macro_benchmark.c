/*
 * The scenarios: the whole kernel at work in six ways, by kernel threads. macro.h measures each.
 * Each should have a machine of its own, as `make bench-report` gives it: an earlier one leaves
 * stacks in the depot, and leaf tables of stacks, which are never given back.
 */
#include "arch/x86_64/cpu/percpu.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "sched/core/thread.h"
#include "sched/sync/semaphore.h"
#include "tests/bench/macro.h"
#include "tests/bench/sleepers.h"

#define SECOND_NS 1000000000UL

/* The kernel as it is after its boot, with nothing to do. */
#define IDLE_SECONDS 40 /* beyond the age at which sleeping threads are swapped out */

BENCHMARK_SCENARIO(macro_idle)
{
    macro_begin("macro_idle");
    macro_sleep_ns(SECOND_NS);
    macro_note();
    macro_sleep_ns((IDLE_SECONDS - 1) * SECOND_NS);
    macro_end();
}

/* A server: workers take requests, and one request in a hundred makes a worker go deep. */
#define WORKERS       64
#define REQUESTS      20000
#define REQUEST_BURST 8
#define REQUEST_RARE  100
#define SHALLOW_BYTES 1500
#define DEEP_BYTES    10000

static struct semaphore server_wanted = SEMAPHORE(server_wanted, 0);
static struct semaphore server_done = SEMAPHORE(server_done, 0);
static uint32_t server_taken;

static void worker(void *argument maybe_unused)
{
    for (;;) {
        struct random random;
        semaphore_down(&server_wanted);
        uint32_t request = __atomic_fetch_add(&server_taken, 1, __ATOMIC_RELAXED);
        if (request >= REQUESTS) {
            return;
        }
        macro_random(&random, request);
        macro_descend(random_once_in(&random, REQUEST_RARE) ? DEEP_BYTES : SHALLOW_BYTES);
        semaphore_up(&server_done);
    }
}

BENCHMARK_SCENARIO(macro_server)
{
    struct thread *workers[WORKERS];
    unsigned made = 0;
    macro_begin("macro_server");
    server_taken = 0;
    while (made < WORKERS && thread_start("worker", worker, NULL, &workers[made]) == OK) {
        made++;
    }
    for (unsigned sent = 0; sent < REQUESTS; sent += REQUEST_BURST) {
        for (unsigned i = 0; i < REQUEST_BURST; i++) {
            semaphore_up(&server_wanted);
        }
        for (unsigned i = 0; i < REQUEST_BURST; i++) {
            semaphore_down(&server_done);
        }
    }
    macro_note();
    for (unsigned i = 0; i < made; i++) {
        semaphore_up(&server_wanted);
    }
    for (unsigned i = 0; i < made; i++) {
        thread_join(workers[i]);
    }
    macro_end();
}

/* Threads that go deep one after the other, and sleep in between: all stacks need depth, few at once. */
#define RING         64
#define RING_ROUNDS  2
#define RING_STEP_NS (SECOND_NS / 2)
#define RING_BYTES   12000

static struct semaphore ring_turn[RING], ring_done = SEMAPHORE(ring_done, 0);

static void ring_member(void *argument)
{
    unsigned number = (unsigned)(uintptr_t)argument;
    for (unsigned round = 0; round < RING_ROUNDS; round++) {
        semaphore_down(&ring_turn[number]);
        macro_descend(RING_BYTES);
        semaphore_up(&ring_done);
    }
}

BENCHMARK_SCENARIO(macro_rotation)
{
    struct thread *members[RING];
    unsigned made = 0;
    macro_begin("macro_rotation");
    for (; made < RING; made++) {
        semaphore_init(&ring_turn[made], 0);
        if (thread_start("member", ring_member, (void *)(uintptr_t)made, &members[made]) != OK) {
            break;
        }
    }
    for (unsigned turn = 0; turn < made * RING_ROUNDS; turn++) {
        semaphore_up(&ring_turn[turn % made]);
        semaphore_down(&ring_done);
        macro_sleep_ns(RING_STEP_NS);
    }
    macro_note();
    for (unsigned i = 0; i < made; i++) {
        thread_join(members[i]);
    }
    macro_end();
}

/* All CPUs create and join threads, in bursts of one to eight. */
#define CHURN_THREADS 20000 /* on each CPU */
#define CHURN_BURST   8

static void churn_child(void *argument)
{
    macro_descend((unsigned)(uintptr_t)argument);
}

static void churner(void *argument)
{
    struct thread *children[CHURN_BURST];
    struct random random;
    macro_random(&random, (uintptr_t)argument);
    for (unsigned made = 0; made < CHURN_THREADS;) {
        unsigned burst = random_between(&random, 1, CHURN_BURST), count = 0;
        for (; count < burst; count++) {
            uintptr_t bytes = random_once_in(&random, 50) ? 5000 : 1000;
            if (thread_start("child", churn_child, (void *)bytes, &children[count]) != OK) {
                break;
            }
        }
        made += burst;
        while (count > 0) {
            thread_join(children[--count]);
        }
    }
}

BENCHMARK_SCENARIO(macro_churn)
{
    struct thread *churners[CPU_MAX];
    unsigned made = 0;
    macro_begin("macro_churn");
    for (; made < cpu_online_count(); made++) {
        const struct thread_options options = {
            .name = "churner", .priority = THREAD_PRIORITY_DEFAULT, .affinity = 1UL << made};
        if (thread_create(&options, churner, (void *)(uintptr_t)made, &churners[made]) != OK) {
            break;
        }
    }
    macro_note();
    while (made > 0) {
        thread_join(churners[--made]);
    }
    macro_end();
}

/*
 * A build: trees of short-lived threads, as commands start commands. Most stay shallow, one in
 * eight takes a second page, one in 64 a third.
 */
#define TREES         1500 /* so many that the reclaimer works, too: ten times a second */
#define TREE_DEPTH    5
#define TREE_CHILDREN 3

static uint32_t tree_nodes; /* created since the scenario began; numbers the streams */

static void tree_node(void *argument)
{
    uintptr_t below = (uintptr_t)argument;
    struct thread *children[TREE_CHILDREN];
    struct random random;
    unsigned count = 0;
    macro_random(&random, __atomic_fetch_add(&tree_nodes, 1, __ATOMIC_RELAXED));
    unsigned wanted = below != 0 ? random_between(&random, 1, TREE_CHILDREN) : 0;
    macro_descend(random_once_in(&random, 64) ? 9000 : random_once_in(&random, 8) ? 5000 : 1500);
    for (; count < wanted; count++) {
        if (thread_start("node", tree_node, (void *)(below - 1), &children[count]) != OK) {
            break;
        }
    }
    while (count > 0) {
        thread_join(children[--count]);
    }
}

BENCHMARK_SCENARIO(macro_tree)
{
    macro_begin("macro_tree");
    tree_nodes = 0;
    for (unsigned tree = 0; tree < TREES; tree++) {
        struct thread *root;
        if (thread_start("tree", tree_node, (void *)(uintptr_t)TREE_DEPTH, &root) != OK) {
            console_print("# no thread for the benchmark\n");
            break;
        }
        thread_join(root);
    }
    macro_note();
    macro_end();
}

/* Thousands of threads that have worked, each as deep as it needs, and then sleep for a minute. */
#define BLOCKED         5000
#define BLOCKED_SECONDS 60

static void work_before_sleep(unsigned number)
{
    struct random random;
    macro_random(&random, number);
    macro_descend(random_once_in(&random, 50) ? 5000 : 1500);
}

BENCHMARK_SCENARIO(macro_blocked)
{
    macro_begin("macro_blocked");
    unsigned count = sleepers_start(BLOCKED, work_before_sleep);
    console_print("# macro_blocked: %u threads\n", count);
    macro_sleep_ns(SECOND_NS);
    macro_note();
    macro_sleep_ns((BLOCKED_SECONDS - 1) * SECOND_NS);
    sleepers_end(count, work_before_sleep);
    macro_end();
}
