/* A machine that hangs on purpose, for an NMI from outside: see tests/boot/hang.py. */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/preempt.h"
#include "lib/error.h"
#include "sched/thread.h"
#include "tests/on_each_cpu.h"
#include "tests/test.h"

static volatile bool for_ever = true;

/* Names that must stand in the backtraces. */
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

static never_inline void hang_deep(unsigned bytes)
{
    volatile uint8_t local[256];
    local[0] = (uint8_t)bytes;
    if (bytes <= sizeof(local)) {
        hang_with_preemption_off();
    } else {
        hang_deep(bytes - sizeof(local));
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

LAST_TEST(HNG0001, "one CPU hangs with interrupts off, one with preemption off, others are idle")
{
    test_on_each_cpu(hang);
}
