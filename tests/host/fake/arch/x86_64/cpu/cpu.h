/* Host stand-in: an interrupt flag for each thread instead of the processor's. */
#pragma once

#include <sched.h>

#include "arch/x86_64/cpu/types.h"

#define FLAGS_INTERRUPT (1UL << 9)

extern __thread bool fake_interrupts_on;

static inline uint64_t flags_read(void)
{
    return fake_interrupts_on ? FLAGS_INTERRUPT : 0;
}

static inline void interrupts_disable(void)
{
    fake_interrupts_on = false;
}

static inline void interrupts_enable(void)
{
    fake_interrupts_on = true;
}

static inline bool interrupts_enabled(void)
{
    return fake_interrupts_on;
}

static inline uint64_t interrupts_save(void)
{
    uint64_t flags = flags_read();

    interrupts_disable();
    return flags;
}

static inline void interrupts_restore(uint64_t flags)
{
    if (flags & FLAGS_INTERRUPT) {
        interrupts_enable();
    }
}

/* The address of the last page fault, set by the test. */
extern __thread uintptr_t fake_cr2;

/* There are no page tables: what reads them is not tested here. */
static inline uintptr_t cr3_read(void)
{
    return 0;
}

static inline uintptr_t cr2_read(void)
{
    return fake_cr2;
}

/* The host caches no translations of the kernel's entries: it reads them every time. */
static inline void tlb_forget_page(uintptr_t address maybe_unused)
{
}

static inline void cpu_pause(void)
{
    sched_yield();
}

static inline uint64_t tsc_read(void)
{
    return __builtin_ia32_rdtsc();
}

/* The rules of patch_site.h have no meaning here: every stack of the host is whole. */
#define interrupts_disable_by(rule) interrupts_disable()
#define interrupts_save_by(rule)    interrupts_save()
