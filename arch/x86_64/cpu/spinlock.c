/*
 * The two ways to wait for a spinlock (spinlock_wait.asm).
 *
 * Tickets are fair, and cost nothing while every CPU runs. A virtual CPU may stop running at any
 * time. If it holds the next ticket, the lock passes to a CPU that does not run, and all others
 * wait until its host runs it again: with more virtual CPUs than the host has, the time for one
 * turn grows from microseconds to the host's time slices. So under a hypervisor the lock goes to
 * whichever running CPU tries first (Linux does likewise: arch/x86/include/asm/qspinlock.h,
 * virt_spin_lock()).
 */
#include "arch/x86_64/cpu/spinlock.h"

#include "arch/x86_64/cpu/cpu_model.h"

bool spinlock_unfair;

void spinlock_mode_init(void)
{
    spinlock_unfair = cpu_is_emulated();
}
