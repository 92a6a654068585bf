/*
 * Each CPU counts how often it has emptied its free list on request. A requester interrupts a CPU
 * and waits until the count of that CPU has changed. So several requesters need not take turns:
 * when a CPU empties its list, this answers all requests that were made before.
 *
 * A CPU moves at most the FRAME_FREE_LIST_MAX frames of its list with interrupts off.
 */
#include "mm/frame/frame_collect.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "mm/frame/frame_free_list.h"

static PER_CPU(uint32_t, frame_collections);

static void collect_interrupt(struct trap_frame *frame maybe_unused)
{
    frame_cache_drain_this_cpu();
    __atomic_store_n(this_cpu_pointer(frame_collections), this_cpu(frame_collections) + 1,
                     __ATOMIC_RELEASE);
}

void frame_collect_init(void)
{
    interrupt_register_own(VECTOR_CALL, collect_interrupt, "collect frames");
}

static uint32_t collections(unsigned cpu)
{
    return __atomic_load_n(&cpu_variable(frame_collections, cpu), __ATOMIC_ACQUIRE);
}

/* Interrupts a CPU and waits for its answer. The thread may migrate meanwhile, even to that CPU. */
static void collect_from(unsigned cpu)
{
    uint32_t before = collections(cpu);
    lapic_send(cpu, VECTOR_CALL);
    while (collections(cpu) == before) {
        cpu_pause();
    }
}

bool frame_collect_if_short(void)
{
    return frame_shared_free_count() <= FRAME_FREE_LIST_MAX && frame_collect();
}

bool frame_collect(void)
{
    if (this_cpu(preempt_count) != 0 || !interrupts_enabled()) {
        return false;
    }
    bool any = false;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        if (__atomic_load_n(&cpu_variable(frame_cpu, cpu).count, __ATOMIC_RELAXED) != 0) {
            collect_from(cpu);
            any = true;
        }
    }
    return any;
}
