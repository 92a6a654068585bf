/* Wake-ups of the reclaimer: while threads wait for memory, each tick of each CPU asks for one. */
#include "sched/stack/reclaimer.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"
#include "tests/test.h"

#define CALLS 1000

static struct reclaimer_counts counts_now(void)
{
    struct reclaimer_counts counts;
    reclaimer_counts_read(&counts);
    return counts;
}

TEST(RCL0001, "CPUs take the reclaimer's lock to wake it no more often than it looks for work",
     ALWAYS)
{
    /* Read in this order: what is counted meanwhile can only add looks, not wake-ups. */
    uint32_t looks = counts_now().looks;
    uint32_t wakes = counts_now().wakes;
    for (unsigned call = 0; call < CALLS; call++) {
        uint64_t flags = interrupts_save();
        reclaimer_wake();
        interrupts_restore(flags);
    }
    wakes = counts_now().wakes - wakes;
    looks = counts_now().looks - looks;
    test_note("%u calls, %u took the lock, %u looks", CALLS, wakes, looks);
    /* The reclaimer slept when the test began, and each CPU may have a wake-up not counted yet. */
    test_check(wakes <= looks + 1 + cpu_online_count());
}
