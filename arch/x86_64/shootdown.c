/*
 * One round at a time: whoever has the turn writes down the range, interrupts every other CPU and
 * waits until each has acknowledged. The turn is taken with interrupts on, so a CPU that waits for
 * it still answers the round of another.
 */
#include "arch/x86_64/shootdown.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/preempt.h"
#include "arch/x86_64/report.h"
#include "arch/x86_64/vectors.h"

/* Beyond so many pages it is cheaper to forget everything. */
#define FORGET_ALL_PAGES 64

static uint32_t turn_taken;
static uintptr_t round_address;
static size_t round_bytes;
static uint32_t round_waiting; /* CPUs that have not acknowledged yet */
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
    translations_forget(round_address, round_bytes);
    __atomic_sub_fetch(&round_waiting, 1, __ATOMIC_RELEASE);
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

void shootdown(uintptr_t address, size_t bytes)
{
    invariant(interrupts_enabled() && this_cpu(preempt_count) == 0);
    preempt_disable();
    translations_forget(address, bytes);
    if (cpu_online_count() > 1) {
        while (__atomic_exchange_n(&turn_taken, 1, __ATOMIC_ACQUIRE) != 0) {
            cpu_pause();
        }
        round_address = address;
        round_bytes = bytes;
        round_count++;
        __atomic_store_n(&round_waiting, cpu_online_count() - 1, __ATOMIC_RELEASE);
        lapic_send_all_but_self(VECTOR_SHOOTDOWN);
        while (__atomic_load_n(&round_waiting, __ATOMIC_ACQUIRE) != 0) {
            cpu_pause();
        }
        __atomic_store_n(&turn_taken, 0, __ATOMIC_RELEASE);
    }
    preempt_enable();
}
