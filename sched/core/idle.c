/*
 * The idle thread: fully backed, so a CPU can always switch to it. It halts until the next
 * interrupt. Before that, while threads wait for memory, it gives back the frames that its CPU
 * keeps.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "sched/core/schedule.h"
#include "sched/core/services.h"
#include "sched/core/thread_internal.h"

uint64_t schedule_idle_bits;

/*
 * Halts until the next interrupt. Preemption is off: while this CPU's bit is set, it runs no other
 * thread.
 */
static void idle_wait(uint64_t bit)
{
    preempt_disable_by(KERNEL_THREAD);
    __atomic_or_fetch(&schedule_idle_bits, bit, __ATOMIC_RELAXED);
    cpu_wait_for_interrupt();
    interrupts_disable_by(KERNEL_THREAD);
    __atomic_and_fetch(&schedule_idle_bits, ~bit, __ATOMIC_RELAXED);
    preempt_enable_quietly();
}

void idle_entry(void *argument maybe_unused)
{
    uint64_t bit = 1UL << cpu_number();
    for (;;) {
        interrupts_disable_by(KERNEL_THREAD);
        services_idle();
        if (this_cpu(reschedule_wanted)) {
            schedule();
        } else {
            idle_wait(bit);
        }
        interrupts_enable();
        cpu_nothing(); /* STI lets interrupts in only after one more instruction, which must not be
                          CLI */
    }
}
