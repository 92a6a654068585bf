/* A machine that hangs on purpose, and gets an NMI from outside. See tests/boot/hang.py. */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/nmi.h"
#include "lib/error.h"
#include "sched/core/thread.h"
#include "tests/support/on_each_cpu.h"
#include "tests/test.h"

static volatile bool for_ever = true;

/* Functions whose names must be in the backtraces. */
static never_inline void hang_with_interrupts_off(void)
{
    interrupts_disable();
    while (for_ever) {
        cpu_pause();
    }
    interrupts_enable();
}

static never_inline void hang_with_preemption_off(void)
{
    preempt_disable();
    while (for_ever) {
        cpu_pause();
    }
    preempt_enable();
}

/*
 * Called by a pointer that no compiler sees through, so the backtrace has one line for all levels.
 */
static void hang_deep(unsigned bytes);
static void (*volatile hang_deeper)(unsigned bytes) = hang_deep;

static never_inline void hang_deep(unsigned bytes)
{
    volatile uint8_t local[256];
    local[0] = (uint8_t)bytes;
    if (bytes <= sizeof(local)) {
        hang_with_preemption_off();
    } else {
        hang_deeper(bytes - sizeof(local));
    }
    (void)local[0];
}

static void hang(unsigned cpu)
{
    if (cpu == 0) {
        test_note("the machine hangs now");
        hang_with_interrupts_off();
    } else if (cpu == 1) {
        hang_deep(9000);
    } /* the others are idle */
}

#define SLOW_NS 1200000000 /* longer than two NMIs of one dump may be apart */

static bool hang_was_slow[CPU_MAX];

/*
 * On the NMI entry stack: each CPU but one delays the handling of its first NMI for long, as if it
 * waited for its turn, and finds the second one pending afterwards.
 */
static bool hang_slow_observer(struct trap_frame *frame maybe_unused)
{
    unsigned cpu = cpu_number();
    uint64_t start_ns = clock_now_ns();
    while (cpu != 0 && !hang_was_slow[cpu] && clock_now_ns() - start_ns < SLOW_NS) {
        cpu_pause();
    }
    hang_was_slow[cpu] = true;
    return false;
}

TEST(HNG0001, "one CPU hangs with interrupts off, one with preemption off, others are idle", DEATH)
{
    test_on_each_cpu(hang);
}

TEST(HNG0002,
     "CPUs hang as in HNG0001, and an NMI takes longer than those of one dump may be apart", DEATH)
{
    nmi_observer_set(hang_slow_observer);
    test_on_each_cpu(hang);
}
