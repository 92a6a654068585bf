/*
 * One round runs at a time. The CPU that has the turn stores the ranges and a bit for each CPU that
 * must answer, interrupts them, and waits until each has cleared its bit.
 *
 * A CPU that does not get the turn leaves its range for the next round, whoever runs that, and
 * waits with interrupts and preemption on. So it still answers the rounds of others, and runs
 * threads of higher priority; and it waits for the round under way and one more at most.
 *
 * The answers are bits and not a count, because the interrupt also reaches a CPU that is just
 * coming online: it need not answer, and a count would take its answer for another CPU's.
 */
#include "arch/x86_64/apic/shootdown.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/apic/shootdown_test_hooks.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"

/* For more pages than this it is cheaper to flush all translations. */
#define FORGET_ALL_PAGES 64

/* More ranges than this in one round are joined. */
#define RANGES_MOST 8

struct range {
    uintptr_t address;
    size_t bytes;
};

static uint32_t turn_taken;

/* The round under way; written with the turn. */
static struct range round_ranges[RANGES_MOST + 1];
static unsigned round_range_count;
static uint64_t round_waiting; /* a bit for each CPU that has not answered */
static uint64_t round_done;    /* the number of the last round that has ended */
static uint64_t round_count;   /* requests of rounds that involved other CPUs */

/* What the next round does, besides the range of the CPU that runs it. */
static struct spinlock requests_lock = SPINLOCK("shootdown requests");
static struct range requests_ranges[RANGES_MOST];
static unsigned requests_range_count;
static uint32_t requests_count;
static uint64_t next_round = 1; /* its number */

static void translations_forget(uintptr_t address, size_t bytes)
{
    if (bytes > FORGET_ALL_PAGES * PAGE_BYTES) {
        /* Kernel pages are global: only a change of CR4.PGE flushes them all (SDM 4.10.4.1). */
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
    for (unsigned i = 0; i < round_range_count; i++) {
        translations_forget(round_ranges[i].address, round_ranges[i].bytes);
    }
}

static void shootdown_interrupt(struct trap_frame *frame maybe_unused)
{
    uint64_t own = 1UL << cpu_number();
    if (__atomic_load_n(&round_waiting, __ATOMIC_ACQUIRE) & own) {
        round_forget();
        __atomic_and_fetch(&round_waiting, ~own, __ATOMIC_RELEASE);
    }
}

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
    if (interrupt_register(VECTOR_SHOOTDOWN, shootdown_interrupt, "shootdown") != 0) {
        panic("the shootdown vector is taken");
    }
}

uint64_t shootdown_count(void)
{
    return round_count;
}

/* Makes `range` contain `more`, too. */
static void range_join(struct range *range, struct range more)
{
    uintptr_t end = range->address + range->bytes, more_end = more.address + more.bytes;
    range->address = more.address < range->address ? more.address : range->address;
    range->bytes = (more_end > end ? more_end : end) - range->address;
}

/* Leaves a range to the next round, and returns the number of that. */
static uint64_t request_add(struct range range)
{
    spin_lock(&requests_lock);
    uint64_t number = next_round;
    if (requests_range_count < RANGES_MOST) {
        requests_ranges[requests_range_count++] = range;
    } else {
        range_join(&requests_ranges[RANGES_MOST - 1], range);
    }
    __atomic_store_n(&requests_count, requests_count + 1, __ATOMIC_RELAXED);
    spin_unlock(&requests_lock);
    return number;
}

/* Adds what others have requested to the round. Returns the number of requests. */
static uint32_t requests_take(void)
{
    spin_lock(&requests_lock);
    uint32_t taken = requests_count;
    for (unsigned i = 0; i < requests_range_count; i++) {
        round_ranges[round_range_count++] = requests_ranges[i];
    }
    requests_range_count = 0;
    __atomic_store_n(&requests_count, 0, __ATOMIC_RELAXED);
    next_round++;
    spin_unlock(&requests_lock);
    return taken;
}

/*
 * Takes the turn if it is free, and holds it with preemption off: the other CPUs wait for the round
 * to end, and the thread must not migrate, because its CPU flushes without an interrupt.
 */
static must_check bool turn_try(void)
{
    preempt_disable();
    if (__atomic_exchange_n(&turn_taken, 1, __ATOMIC_ACQUIRE) == 0) {
        return true;
    }
    preempt_enable();
    return false;
}

static void turn_end(void)
{
    __atomic_store_n(&turn_taken, 0, __ATOMIC_RELEASE);
    preempt_enable();
}

/* Runs a round with the ranges that the caller has stored, if any, and those of others. */
static void round_run(uint32_t requests)
{
    if (__atomic_load_n(&requests_count, __ATOMIC_RELAXED) != 0) {
        requests += requests_take();
    }
    round_forget();
    /* The callers' changes of the entries are visible before the set of online CPUs is read. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (cpu_online_count() > 1) {
        round_count += requests;
        __atomic_store_n(&round_waiting, others_online(), __ATOMIC_RELEASE);
        lapic_send_all_but_self(VECTOR_SHOOTDOWN);
        while (__atomic_load_n(&round_waiting, __ATOMIC_ACQUIRE) != 0) {
            cpu_pause();
        }
    }
    __atomic_store_n(&round_done, next_round - 1, __ATOMIC_RELEASE);
}

/* The turn was not free: the next round, of this CPU or another one, serves the range. */
static never_inline void request_await(struct range range)
{
    uint64_t number = request_add(range);
    while (__atomic_load_n(&round_done, __ATOMIC_ACQUIRE) < number) {
        if (!turn_try()) {
            cpu_pause();
            continue;
        }
        if (round_done < number) {
            round_range_count = 0;
            round_run(0);
        }
        turn_end();
    }
}

void shootdown(uintptr_t address, size_t bytes)
{
    invariant(interrupts_enabled() && this_cpu(preempt_count) == 0);
    struct range range = {address, bytes};
    if (unlikely(!turn_try())) {
        request_await(range);
        return;
    }
    round_ranges[0] = range;
    round_range_count = 1;
    round_run(1);
    turn_end();
}

void shootdown_turn_hold(void)
{
    while (!turn_try()) {
        cpu_pause();
    }
}

void shootdown_turn_release(void)
{
    turn_end();
}

uint32_t shootdown_requests_waiting(void)
{
    return __atomic_load_n(&requests_count, __ATOMIC_RELAXED);
}
