/*
 * One round runs at a time (cpu/shootdown_turn.h). The CPU that has the turn sets a bit for each
 * CPU that must answer, interrupts these CPUs, and waits until each has cleared its bit.
 *
 * A count of answers would not do. The interrupt also reaches a CPU that is just coming online and
 * need not answer; its answer would be counted in place of another CPU's.
 */
#include "arch/x86_64/apic/shootdown.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/apic/shootdown_test_hooks.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/cpu/shootdown_turn.h"
#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"

/* For more pages than this it is cheaper to flush all translations. */
#define FORGET_ALL_PAGES 64

static struct shootdown_turn turn = SHOOTDOWN_TURN("shootdown requests");

static uint64_t round_waiting; /* a bit for each CPU that has not answered */
static uint64_t round_count;   /* requests of rounds that involved other CPUs */

static void translations_forget(uintptr_t address, size_t bytes)
{
    if (bytes > FORGET_ALL_PAGES * PAGE_BYTES) {
        /* Kernel pages are global: a load of CR3 would keep them, a change of CR4.PGE does not. */
        uint64_t cr4 = cr4_read();
        cr4_write(cr4 & ~CR4_PAGE_GLOBAL);
        cr4_write(cr4);
        return;
    }
    for (size_t done = 0; done < bytes; done += PAGE_BYTES) {
        tlb_forget_page(address + done);
    }
}

/* This CPU's part of the round under way. */
static void round_forget(void)
{
    for (unsigned i = 0; i < turn.range_count; i++) {
        translations_forget(turn.ranges[i].address, turn.ranges[i].bytes);
    }
}

/* While this CPU has not answered, `round_count` names the round: the next one has not begun. */
static always_inline void round_answer(bool traced)
{
    uint64_t own = 1UL << cpu_number();
    if (__atomic_load_n(&round_waiting, __ATOMIC_ACQUIRE) & own) {
        round_forget();
        if (traced) {
            trace_record(TRACE_SHOOTDOWN_ACK, 0, 0, round_count, 0);
        }
        __atomic_and_fetch(&round_waiting, ~own, __ATOMIC_RELEASE);
    }
}

static never_inline void shootdown_interrupt(struct trap_frame *frame maybe_unused)
{
    round_answer(false);
}

static TRACED_FORM void shootdown_interrupt_traced(struct trap_frame *frame maybe_unused)
{
    round_answer(true);
}
TRACED(shootdown_interrupt, shootdown_interrupt_traced);

void shootdown_cpu_join(void)
{
    cpu_online_add();
    /* Earlier rounds did not include this CPU, so it may hold translations that they removed. */
    translations_forget(0, SIZE_MAX);
}

/* Returns a bit for each online CPU but this one. */
static uint64_t others_online(void)
{
    unsigned count = cpu_online_count();
    return (count >= 64 ? UINT64_MAX : (1UL << count) - 1) & ~(1UL << cpu_number());
}

void shootdown_init(void)
{
    interrupt_register_own(VECTOR_SHOOTDOWN, shootdown_interrupt, "shootdown");
}

uint64_t shootdown_count(void)
{
    return round_count;
}

/* Runs the round of the CPU that has the turn. */
static always_inline void round_run(void)
{
    round_forget();
    /* The callers' changes of the entries are visible before the set of online CPUs is read. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (cpu_online_count() > 1) {
        round_count += turn.served;
        __atomic_store_n(&round_waiting, others_online(), __ATOMIC_RELEASE);
        lapic_send_all_but_self(VECTOR_SHOOTDOWN);
        while (__atomic_load_n(&round_waiting, __ATOMIC_ACQUIRE) != 0) {
            cpu_pause();
        }
    }
}

/* Returns the number of the round that this CPU ran, or 0 if another CPU has served the range. */
static always_inline uint64_t shoot(uintptr_t address, size_t bytes)
{
    uint64_t round = 0;
    invariant(interrupts_enabled() && this_cpu(preempt_count) == 0);
    if (likely(shootdown_turn_take(&turn, (struct shootdown_range){address, bytes}))) {
        round_run();
        round = round_count;
        shootdown_turn_end(&turn);
    }
    return round;
}

void shootdown(uintptr_t address, size_t bytes)
{
    (void)shoot(address, bytes);
}

static TRACED_FORM void shootdown_traced(uintptr_t address, size_t bytes)
{
    trace_record(TRACE_SHOOTDOWN, 0, 0, address, bytes);
    uint64_t round = shoot(address, bytes);
    trace_record(TRACE_SHOOTDOWN_END, 0, 0, round, 0);
}
TRACED(shootdown, shootdown_traced);

struct shootdown_turn *shootdown_kernel_turn(void)
{
    return &turn;
}
