/* Shootdowns: from all CPUs at once, and with interrupts that are nobody's answer. */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/apic/shootdown.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define ROUNDS_A_CPU 30

static uint32_t counter;

static void shoot_often(unsigned cpu)
{
    uint64_t end_ns = test_hammer_end();
    for (unsigned i = 0; i < ROUNDS_A_CPU && test_hammer_goes_on(end_ns); i++) {
        shootdown(stack_top(thread_current()->slot) - PAGE_BYTES, (cpu + 1) * PAGE_BYTES);
        test_count(&counter);
    }
}

TEST(SMP0120, "all CPUs shoot down at once, and every round ends", ALWAYS)
{
    uint64_t before = shootdown_count();
    counter = 0;
    test_on_each_cpu(shoot_often);
    if (cpu_online_count() > 1) {
        test_check(shootdown_count() - before >= counter);
    }
}

/*
 * A CPU that cannot answer yet, and meanwhile sends the others the interrupt of which they must not
 * think that it counts: as it may be while a CPU comes online.
 */
static struct {
    bool deaf;
    bool hears;
    uint64_t rounds;
} listener;

static void be_deaf(void *argument maybe_unused)
{
    interrupts_disable();
    __atomic_store_n(&listener.deaf, true, __ATOMIC_SEQ_CST);
    while (shootdown_count() == listener.rounds) {
        cpu_pause();
    }
    for (unsigned i = 0; i < 20; i++) {
        lapic_send_all_but_self(VECTOR_SHOOTDOWN);
        for (unsigned spins = 0; spins < 2000; spins++) {
            cpu_pause();
        }
    }
    __atomic_store_n(&listener.hears, true, __ATOMIC_SEQ_CST);
    interrupts_enable();
}

TEST(SMP0121, "a shootdown waits for the CPU that has not answered, whoever else seems to", ALWAYS)
{
    lapic_send_self(VECTOR_SHOOTDOWN); /* as good as none: no round is under way */
    if (cpu_online_count() < 2) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    for (unsigned round = 0; round < 3; round++) {
        listener.deaf = listener.hears = false;
        listener.rounds = shootdown_count();
        struct thread *thread = test_thread_start(20, test_cpu_bit(1), be_deaf, NULL);
        while (thread != NULL && !__atomic_load_n(&listener.deaf, __ATOMIC_SEQ_CST)) {
            cpu_pause(); /* where CPUs take turns, as in an emulator that counts, it is the other's
                          */
        }
        shootdown(stack_top(thread_current()->slot) - PAGE_BYTES, PAGE_BYTES);
        test_check(thread == NULL || __atomic_load_n(&listener.hears, __ATOMIC_SEQ_CST));
        test_thread_join(thread);
    }
    test_thread_unbind();
}
