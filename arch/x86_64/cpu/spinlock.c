/*
 * The two ways to wait for a spinlock (spinlock_wait.asm).
 *
 * Tickets are fair, and cost nothing while every CPU runs. But a host may stop a virtual CPU at any
 * time. If the stopped CPU has the next ticket, all others wait until the host runs it again. With
 * more virtual CPUs than the host has processors, a wait then takes time slices of the host instead
 * of microseconds. So under a hypervisor the lock goes to whichever running CPU tries first. Linux
 * does the same (arch/x86/include/asm/qspinlock.h, virt_spin_lock()).
 */
#include "arch/x86_64/cpu/spinlock.h"

#include "arch/x86_64/cpu/cpu_model.h"

bool spinlock_unfair;

void spinlock_mode_init(void)
{
    spinlock_unfair = cpu_is_emulated();
}
