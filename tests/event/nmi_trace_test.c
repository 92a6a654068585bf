/* The backtrace of a thread that runs on another CPU, by an NMI there. */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/nmi.h"
#include "kernel/nmi_test_hooks.h"
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

#define TRIES_MOST 10000 /* for a CPU that a busy host does not run */

static volatile bool answering, late_enough;

static void answer_hold(void)
{
    answering = true;
    while (!late_enough) {
        cpu_pause();
    }
}

TEST(NMI0008, "an answer that comes late is dropped, and not taken for that to a later request",
     TWO_CPUS)
{
    static struct backtrace trace;
    unsigned steps = nmi_trace_wait_steps;
    uint32_t id = 0;

    test_thread_bind(0, thread_current()->priority);
    answering = late_enough = false;
    nmi_trace_wait_steps = 0;
    ignore_result(nmi_backtrace(1, &trace, &id)); /* mostly gives up before the NMI arrives */
    nmi_trace_wait_steps = steps;
    test_eventually(nmi_backtrace(1, &trace, &id), "CPU 1 does not answer the next request");

    /* The NMI may hold CPU 1 while that has a lock, so this CPU takes none meanwhile. */
    uint64_t flags = interrupts_save();
    nmi_trace_hook = answer_hold;
    nmi_trace_wait_steps = 100000;
    for (unsigned tries = 0; !answering && tries < TRIES_MOST; tries++) {
        ignore_result(nmi_backtrace(1, &trace, &id));
    }
    bool held = answering, own = nmi_backtrace(0, &trace, &id);
    late_enough = true;
    nmi_trace_hook = NULL;
    nmi_trace_wait_steps = steps;
    interrupts_restore(flags);
    test_check(held);
    test_check(!own); /* CPU 1 still wrote */
    test_eventually(nmi_backtrace(0, &trace, &id), "CPU 0 does not answer itself");
    test_equal(id, thread_current()->id);
    test_check(trace_names(&trace, "nmi_backtrace"));
    test_thread_unbind();
}
