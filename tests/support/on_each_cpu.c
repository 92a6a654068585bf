/* Runs a function on every CPU at once, for tests. */
#include "tests/support/on_each_cpu.h"

#include "arch/x86_64/cpu/percpu.h"
#include "tests/support/threads.h"
#include "tests/test.h"

struct start {
    void (*work)(unsigned cpu);
    unsigned cpu;
};

static void cpu_thread(void *argument)
{
    const struct start *start = argument;

    test_equal(cpu_number(), start->cpu);
    start->work(start->cpu);
}

void test_on_each_cpu(void (*work)(unsigned cpu))
{
    /* Not on the stack: other threads read it. Tests run one at a time. */
    static struct start starts[CPU_MAX];
    static struct thread *threads[CPU_MAX];
    unsigned count = cpu_online_count();

    for (unsigned cpu = 0; cpu < count; cpu++) {
        const struct thread_options options = {
            .name = "each cpu", .priority = THREAD_PRIORITY_DEFAULT, .affinity = 1UL << cpu};

        starts[cpu] = (struct start){work, cpu};
        threads[cpu] = test_thread_create(&options, cpu_thread, &starts[cpu]);
    }
    for (unsigned cpu = 0; cpu < count; cpu++) {
        test_equal(test_thread_join(threads[cpu]), 0);
    }
}
