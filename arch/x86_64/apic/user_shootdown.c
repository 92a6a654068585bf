/*
 * A round of one address space works like a round of the kernel half (shootdown.c), with two
 * differences. Only the CPUs in `cpus`, which have the root loaded, must answer. And a CPU may load
 * another root while a round waits for it. That removes its translations too, so the round waits
 * only as long as the CPU has its bit in both `waiting` and `cpus`. user_tables_load_inline()
 * changes these bits in the order that this needs.
 */
#include "arch/x86_64/apic/user_shootdown.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/shootdown_turn.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"

/* For more pages than this it is cheaper to remove all translations. */
#define FORGET_ALL_PAGES 32

static void translations_forget(struct shootdown_range range)
{
    if (range.bytes > FORGET_ALL_PAGES * PAGE_BYTES) {
        cr3_write(cr3_read()); /* user pages are not global */
        return;
    }
    for (size_t done = 0; done < range.bytes; done += PAGE_BYTES) {
        tlb_forget_page(range.address + done);
    }
}

/* Does what a round asks of the calling CPU, which has the root loaded. */
static void round_answer(const struct user_tables *tables)
{
    if (tables->round_evicts) {
        user_tables_load(NULL);
        return;
    }
    for (unsigned i = 0; i < tables->turn.range_count; i++) {
        translations_forget(tables->turn.ranges[i]);
    }
}

/*
 * `tables` may be used here: before their owner frees them, it evicts them from every CPU. If the
 * round evicts, user_tables_load() has taken this CPU out of `cpus`; from then on the tables may be
 * gone, so the CPU must not clear its bit in `waiting` as well.
 */
static void user_shootdown_interrupt(struct trap_frame *frame maybe_unused)
{
    struct user_tables *tables = this_cpu(user_tables_loaded);
    uint64_t own = 1UL << cpu_number();

    if (tables != NULL && (__atomic_load_n(&tables->waiting, __ATOMIC_ACQUIRE) & own)) {
        bool evicts = tables->round_evicts;
        round_answer(tables);
        if (!evicts) {
            __atomic_and_fetch(&tables->waiting, ~own, __ATOMIC_RELEASE);
        }
    }
}

void user_shootdown_init(void)
{
    interrupt_register_own(VECTOR_USER_SHOOTDOWN, user_shootdown_interrupt, "user shootdown");
}

/* Interrupts the CPUs in `targets`, by bit, and waits until none of them has to answer. */
static void targets_await(struct user_tables *tables, uint64_t targets)
{
    tables->rounds++;
    __atomic_store_n(&tables->waiting, targets, __ATOMIC_SEQ_CST);
    for (uint64_t left = targets; left != 0; left &= left - 1) {
        lapic_send((unsigned)__builtin_ctzl(left), VECTOR_USER_SHOOTDOWN);
    }
    while ((__atomic_load_n(&tables->waiting, __ATOMIC_SEQ_CST) &
            __atomic_load_n(&tables->cpus, __ATOMIC_SEQ_CST) & targets) != 0) {
        cpu_pause();
    }
}

/* Runs the round of the CPU that has the turn. */
static void round_run(struct user_tables *tables, bool evicts)
{
    tables->round_evicts = evicts;
    /* The callers' changes of the entries are visible before the set of CPUs is read. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);

    uint64_t flags = interrupts_save();
    if (this_cpu(user_tables_loaded) == tables) {
        round_answer(tables);
    }
    interrupts_restore(flags);
    uint64_t targets = __atomic_load_n(&tables->cpus, __ATOMIC_SEQ_CST) & ~(1UL << cpu_number());
    if (targets != 0) {
        targets_await(tables, targets);
    }
    shootdown_turn_end(&tables->turn);
}

void user_shootdown(struct user_tables *tables, uintptr_t address, size_t bytes)
{
    invariant(interrupts_enabled());
    if (likely(shootdown_turn_take(&tables->turn, (struct shootdown_range){address, bytes}))) {
        round_run(tables, false);
    }
}

void user_tables_evict(struct user_tables *tables)
{
    invariant(interrupts_enabled());
    /* A round that another CPU runs evicts nothing, so try until this CPU has the turn. */
    while (!shootdown_turn_take(&tables->turn, (struct shootdown_range){0, SIZE_MAX})) {
    }
    round_run(tables, true);
}
