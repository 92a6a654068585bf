/* The backtrace of a thread that runs on another CPU, by an NMI there. */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/nmi.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "sched/core/thread.h"
#include "tests/support/eventually.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static volatile bool spinning, enough;

static never_inline void spin_until_enough(void)
{
    spinning = true;
    while (!enough) {
        cpu_pause();
    }
}

static void spinner(void *argument maybe_unused)
{
    spin_until_enough();
    spinning = false; /* so the call above is no tail call */
}

static bool trace_names(const struct backtrace *trace, const char *function)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        uintptr_t offset;
        const char *name = symbol_find(trace->steps[i].address, &offset);
        if (name != NULL && string_equal(name, function)) {
            return true;
        }
    }
    return false;
}

TEST(NMI0007, "a thread that runs on another CPU is traced by an NMI, and goes on", TWO_CPUS)
{
    static struct backtrace trace;
    uint32_t id = 0;

    test_thread_bind(0, thread_current()->priority);
    spinning = enough = false;
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 1UL << 1, spinner, NULL);
    uint32_t expected = thread != NULL ? thread->id : 0;
    test_eventually(spinning, "the thread does not run");
    /* A more urgent thread may run there for a moment. */
    test_eventually(nmi_backtrace(1, &trace, &id) && id == expected,
                    "the NMI interrupts thread %u, not %u", id, expected);
    enough = true;
    test_check(trace_names(&trace, "spin_until_enough"));
    test_check(trace_names(&trace, "thread_begin"));
    test_thread_join(thread);
    test_thread_unbind();
}
