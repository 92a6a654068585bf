/* The share of a CPU that a service takes, and that the services' work is counted. */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "sched/stack/service_share.h"
#include "sched/stack/swapper.h"
#include "tests/support/eventually.h"

#define SLICE_NS 1000000UL
#define SLICES   40

TEST(SVC0001, "a service with work without end works no more than it rests, but for one run",
     ALWAYS)
{
    struct service_times from = service_times_read(SERVICE_TEST);
    for (unsigned i = 0; i < SLICES; i++) {
        service_slice_begin(SERVICE_TEST);
        for (uint64_t end_ns = clock_now_ns() + SLICE_NS; clock_now_ns() < end_ns;) {
            cpu_pause();
        }
        service_slice_end(SERVICE_TEST);
        service_rest(SERVICE_TEST);
    }
    struct service_times to = service_times_read(SERVICE_TEST);
    /* The first slice counts what came before this test as rest. */
    uint64_t worked_ns = to.worked_ns - from.worked_ns;
    uint64_t debt_ns = service_debt_ns(SERVICE_TEST);
    test_note("worked %lu us, still to rest %lu us", worked_ns / 1000, debt_ns / 1000);
    test_check(worked_ns >= SLICES * SLICE_NS);
    test_check(debt_ns < SERVICE_RUN_NS + to.longest_ns);
}

static uint64_t worked(enum service service)
{
    return service_times_read(service).worked_ns;
}

TEST(SVC0002, "what the reclaimer, the swapper and the console's thread do counts as their work",
     ALWAYS)
{
    uint64_t reclaimer = worked(SERVICE_RECLAIMER), swapper = worked(SERVICE_SWAPPER);
    uint64_t console = worked(SERVICE_CONSOLE);
    (void)swapper_pass(NULL, SWAPPER_SHRINK);
    test_check(worked(SERVICE_SWAPPER) > swapper);
    uint64_t flags = interrupts_save();
    console_print("# SVC0002: a line for the console's thread\n");
    interrupts_restore(flags);
    test_eventually(worked(SERVICE_CONSOLE) > console, "the console's thread has shown nothing");
    test_eventually(worked(SERVICE_RECLAIMER) > reclaimer, "the reclaimer has not looked");
}
