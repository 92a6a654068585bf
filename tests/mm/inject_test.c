/* Injected failures: refills that find nothing, creations that fail at each of their allocations.
 */
#include "kernel/options.h"
#include "lib/error.h"
#include "mm/frame/fault_inject.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static void inject_end(enum fault_inject_kind kind)
{
    fault_inject_arm(kind, options.inject_every[kind], options.seed);
}

static void nothing(void *argument maybe_unused)
{
}

TEST(INJ0001, "a creation survives the failure of each of its allocations, and loses nothing",
     ALWAYS)
{
    unsigned failures = 0;
    for (uint32_t step = 1; step <= 40; step++) {
        struct thread *thread;
        fault_inject_arm(FAULT_INJECT_ALLOCATE, step, 0);
        int error = thread_start("created", nothing, NULL, &thread);
        bool struck = fault_inject_count(FAULT_INJECT_ALLOCATE) != 0;
        inject_end(FAULT_INJECT_ALLOCATE);
        if (error == OK) {
            test_equal(thread_join(thread), 0);
        } else {
            test_equal(error, ERROR_NO_MEMORY);
            failures++;
        }
        if (!struck) {
            break; /* the creation has fewer allocations than this */
        }
    }
    test_note("%u of the creations failed, each cleanly", failures);
    test_check(failures > 0);
}

static never_inline unsigned grow_recurse(unsigned depth, unsigned char seed)
{
    volatile unsigned char bytes[200];
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(seed ^ (depth + i));
    }
    if (depth > 0) {
        wrong = grow_recurse(depth - 1, seed);
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        wrong += bytes[i] != (unsigned char)(seed ^ (depth + i));
    }
    return wrong;
}

static void grower(void *argument)
{
    unsigned char seed = (unsigned char)(uintptr_t)argument;
    for (unsigned round = 0; round < 3; round++) {
        if (stack_mode_get() != STACK_MODE_EAGER) {
            uint32_t slot = thread_current()->slot;
            stack_trim(slot, stack_top(slot) - PAGE_BYTES);
        }
        if (grow_recurse(40, seed) != 0) {
            test_fail(__FILE__, __LINE__, "grower %u found bytes changed", seed);
        }
        thread_yield();
    }
}

static void growers_run(void)
{
    static struct thread *threads[40];
    for (unsigned i = 0; i < array_length(threads); i++) {
        threads[i] =
            test_thread_start(THREAD_PRIORITY_DEFAULT, 0, grower, (void *)(uintptr_t)(i + 1));
    }
    for (unsigned i = 0; i < array_length(threads); i++) {
        test_equal(test_thread_join(threads[i]), 0);
    }
}

TEST(INJ0002, "when every second refill fails, threads wait and all of them finish", GATE)
{
    uint64_t waits = gate_counts.waits;
    fault_inject_arm(FAULT_INJECT_REFILL, 2, options.seed);
    growers_run();
    uint64_t struck = fault_inject_count(FAULT_INJECT_REFILL);
    inject_end(FAULT_INJECT_REFILL);
    test_note("%lu refills were made to fail, %lu waits at the gate", struck,
              gate_counts.waits - waits);
    test_check(stack_mode_get() == STACK_MODE_EAGER || struck > 0);
}

TEST(INJ0003, "when the reserve is the only source, threads wait and all of them finish", GATE)
{
    uint64_t taken = stack_reserve_taken();
    fault_inject_arm(FAULT_INJECT_RESERVE_ONLY, 1, options.seed);
    growers_run();
    inject_end(FAULT_INJECT_RESERVE_ONLY);
    test_note("%lu frames came from the reserve", stack_reserve_taken() - taken);
    test_check(stack_mode_get() == STACK_MODE_EAGER || stack_reserve_taken() > taken);
}
