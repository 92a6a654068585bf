/*
 * One round at a time: whoever has the turn writes down the range and the CPUs that are asked,
 * interrupts every other CPU and waits until each that was asked has taken its bit away. The turn
 * is taken with interrupts and preemption on, so a CPU that waits for it still answers the round of
 * another, and runs threads that are more urgent than the one that waits.
 *
 * A bit for each CPU, not a count: the interrupt also reaches a CPU that is about to come online,
 * which has not been asked, and whose answer would be taken for another's.
 */
#include "arch/x86_64/apic/shootdown.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"

/* Beyond so many pages it is cheaper to forget everything. */
#define FORGET_ALL_PAGES 64

static uint32_t turn_taken;
static uintptr_t round_address;
static size_t round_bytes;
static uint64_t round_waiting; /* CPUs that have not acknowledged yet, by bit */
static uint64_t round_count;

static void translations_forget(uintptr_t address, size_t bytes)
{
    if (bytes > FORGET_ALL_PAGES * PAGE_BYTES) {
        /* Kernel pages are global: only a change of CR4.PGE forgets them all (SDM 4.10.4.1). */
        uint64_t cr4 = cr4_read();
        cr4_write(cr4 & ~CR4_PAGE_GLOBAL);
        cr4_write(cr4);
        return;
    }
    for (size_t done = 0; done < bytes; done += PAGE_BYTES) {
        tlb_forget_page(address + done);
    }
}

static void shootdown_interrupt(struct trap_frame *frame maybe_unused)
{
    uint64_t own = 1UL << cpu_number();
    if (__atomic_load_n(&round_waiting, __ATOMIC_ACQUIRE) & own) {
        translations_forget(round_address, round_bytes);
        __atomic_and_fetch(&round_waiting, ~own, __ATOMIC_RELEASE);
    }
}

void shootdown_cpu_join(void)
{
    cpu_online_add();
    /* Rounds that began before did not ask this CPU; what it walked before it forgets here. */
    translations_forget(0, SIZE_MAX);
}

/* All CPUs that are online, by bit, but this one. */
static uint64_t others_online(void)
{
    unsigned count = cpu_online_count();
    return (count >= 64 ? UINT64_MAX : (1UL << count) - 1) & ~(1UL << cpu_number());
}

void shootdown_init(void)
{
    if (interrupt_register(VECTOR_SHOOTDOWN, shootdown_interrupt, "shootdown") != 0) {
        panic("the shootdown vector is taken");
    }
}

uint64_t shootdown_count(void)
{
    return round_count;
}

/*
 * While another has the turn, this CPU runs whoever is more urgent. With it, preemption is off: the
 * others wait for a round, and a round's own CPU forgets by itself, so it must stay the same one.
 */
static void turn_take(void)
{
    preempt_disable();
    while (__atomic_exchange_n(&turn_taken, 1, __ATOMIC_ACQUIRE) != 0) {
        preempt_enable();
        cpu_pause();
        preempt_disable();
    }
}

void shootdown(uintptr_t address, size_t bytes)
{
    invariant(interrupts_enabled() && this_cpu(preempt_count) == 0);
    turn_take();
    translations_forget(address, bytes);
    /* The caller's change of the entries comes before the look at who is online. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (cpu_online_count() > 1) {
        round_address = address;
        round_bytes = bytes;
        round_count++;
        __atomic_store_n(&round_waiting, others_online(), __ATOMIC_RELEASE);
        lapic_send_all_but_self(VECTOR_SHOOTDOWN);
        while (__atomic_load_n(&round_waiting, __ATOMIC_ACQUIRE) != 0) {
            cpu_pause();
        }
    }
    __atomic_store_n(&turn_taken, 0, __ATOMIC_RELEASE);
    preempt_enable();
}
