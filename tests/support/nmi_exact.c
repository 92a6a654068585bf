/* See nmi_exact.h. */
#include "tests/support/nmi_exact.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/fred.h"
#include "kernel/nmi.h"
#include "tests/support/eventually.h"
#include "tests/support/far_return.h"
#include "tests/support/scratch_stack.h"
#include "tests/test.h"

static struct far_return blocked_place;
static nmi_observer old_observer;
static unsigned test_cpu;
static volatile bool blocking; /* the next NMI's handler is left without IRET */
static volatile uintptr_t last_rip;
static volatile uint32_t count;

static bool nmi_see(struct trap_frame *frame)
{
    if (cpu_number() != test_cpu) {
        return false;
    }
    if (blocking) {
        blocking = false;
        if (!fred_is_active()) {
            /* The skipped way out would have done this. */
            this_cpu(cpu_task_state).ist[ENTRY_NMI - 1] += ENTRY_AREA_BYTES;
            this_cpu(cpu_task_state).ist[ENTRY_DEBUG - 1] += ENTRY_AREA_BYTES;
        }
        far_return(&blocked_place, 1);
    }
    last_rip = frame->rip;
    count = count + 1;
    return true;
}

void nmi_exact_begin(void)
{
    test_cpu = cpu_number();
    nmi_exact_reset();
    old_observer = nmi_observer_set(nmi_see);
}

void nmi_exact_end(void)
{
    nmi_observer_set(old_observer);
}

void nmi_exact_reset(void)
{
    count = 0;
    last_rip = 0;
}

uint32_t nmi_exact_count(void)
{
    return count;
}

uintptr_t nmi_exact_rip(void)
{
    return last_rip;
}

bool nmi_exact_block(void)
{
    if (far_return_mark(&blocked_place) == 0) {
        uint64_t limit_tsc = test_eventually_end_tsc();
        blocking = true;
        lapic_send_nmi(test_cpu);
        while (blocking && tsc_read() < limit_tsc) {
            cpu_pause();
        }
        return false;
    }
    return true;
}
