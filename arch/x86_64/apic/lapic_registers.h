/*
 * The registers of the local APIC, for lapic.c, lapic_ipi.c, timer.c, clock.c and tests. The
 * accessors serve both modes: the register at offset o in memory is MSR 0x800 + o / 16 in x2APIC
 * mode. Source: SDM volume 3A, tables 11-1 and 11-6.
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/types.h"

#define LAPIC_ID              0x020
#define LAPIC_TASK_PRIORITY   0x080
#define LAPIC_END             0x0b0
#define LAPIC_DESTINATION     0x0d0 /* xAPIC only */
#define LAPIC_SPURIOUS        0x0f0
#define LAPIC_IN_SERVICE      0x100 /* eight registers, 32 vectors each, 0x10 apart */
#define LAPIC_REQUESTED       0x200
#define LAPIC_ERROR           0x280
#define LAPIC_COMMAND         0x300 /* 64 bits: in xAPIC mode the high half is at 0x310 */
#define LAPIC_LVT_TIMER       0x320
#define LAPIC_LVT_THERMAL     0x330
#define LAPIC_LVT_PERFORMANCE 0x340
#define LAPIC_LVT_LINT0       0x350
#define LAPIC_LVT_LINT1       0x360
#define LAPIC_LVT_ERROR       0x370
#define LAPIC_INITIAL_COUNT   0x380
#define LAPIC_CURRENT_COUNT   0x390
#define LAPIC_DIVIDE          0x3e0

#define LAPIC_VERSION 0x030

#define LAPIC_COMMAND_SHORTHAND (3U << 18) /* 0: by destination; both bits: all but self */

#define LAPIC_LVT_MASKED       (1U << 16)
#define LAPIC_LVT_PERIODIC     (1U << 17)
#define LAPIC_LVT_TSC_DEADLINE (2U << 17)
#define LAPIC_LVT_NMI          (4U << 8)
#define LAPIC_LVT_ACTIVE_LOW   (1U << 13)

#define LAPIC_DIVIDE_BY_16 3
#define LAPIC_DIVIDE_BY_1  0xb

/* The mapped registers in xAPIC mode; a null pointer in x2APIC mode. lapic_init() sets it. */
extern volatile uint32_t *lapic_memory;

/* Reads the register at an offset on the calling CPU, in either mode. Context: ANY. */
static inline uint32_t lapic_read(unsigned offset)
{
    return lapic_memory != NULL ? lapic_memory[offset / 4]
                                : (uint32_t)msr_read(0x800 + offset / 16);
}

/* Writes the register at an offset on the calling CPU, in either mode. Context: ANY. */
static inline void lapic_write(unsigned offset, uint32_t value)
{
    if (lapic_memory != NULL) {
        lapic_memory[offset / 4] = value;
    } else {
        msr_write(0x800 + offset / 16, value);
    }
}

/*
 * Returns the timer's current count on the calling CPU. Context: ANY.
 *
 * In x2APIC mode this needs a trick under QEMU with -icount. There only the last instruction of a
 * translated block may read the clock, and RDMSR does not end a block: QEMU 10, which has x2APIC
 * without KVM, stops with "Bad icount read". QEMU puts the instruction after a load of SS into a
 * block of its own. So SS is loaded, with the value that it has already, before the RDMSR.
 */
static inline uint32_t lapic_count_read(void)
{
    uint32_t low, high;

    if (lapic_memory != NULL) {
        return lapic_read(LAPIC_CURRENT_COUNT);
    }
    __asm__ volatile("mov %%ss, %0; mov %0, %%ss; rdmsr"
                     : "=&a"(low), "=d"(high)
                     : "c"(0x800 + LAPIC_CURRENT_COUNT / 16)
                     : "memory");
    return low;
}
