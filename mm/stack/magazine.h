/*
 * Magazines: each CPU's own zeroed frames, ready to be mapped into the stack of the thread that
 * runs there. (The name is Bonwick's; a frame in a magazine is a round.)
 *
 * Invariant I3: magazine_available() >= stack_missing(current) at every instruction of a thread,
 * and >= missing(p) + missing(n) while this CPU switches from thread p to thread n. For each frame
 * that a stack fault moves from the magazine into a stack, both sides of the comparison shrink by
 * one, so it stays true. So it is enough that the dispatch gate (sched/stack/gate.c) checks it
 * before each switch.
 *
 * rounds[0 .. taken) were taken since the last refill; rounds[taken .. capacity) are available. A
 * round is a complete leaf entry, frame and rights, which a fault stores unchanged.
 *
 * Once its CPU has started, a magazine changes only on that CPU, with interrupts off or on the
 * page-fault entry stack, so it needs no lock.
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "mm/stack/stack_entry.h"

#define MAGAZINE_ROUNDS_MAX     64
#define MAGAZINE_ROUNDS_MIN     7 /* missing(p) + missing(n) is at most 3 + 4 */
#define MAGAZINE_ROUNDS_DEFAULT 8

/* One refill, for the diagnosis of a critical stack fault. */
struct magazine_event {
    uint64_t tsc;
    uint32_t slot;   /* the stack that was in use */
    uint32_t more;   /* rounds that the caller asked for */
    uint16_t before; /* rounds available before and after */
    uint16_t after;
};

#define MAGAZINE_HISTORY 8

struct magazine {
    uint32_t taken;    /* rounds used since the last refill: 0 is a full magazine */
    uint32_t charged;  /* how many of the taken rounds are booked as FRAME_OWNER_STACK */
    uint32_t capacity; /* rounds when full; 0 until the CPU's magazine is first filled */
    uint32_t low_water;
    uint64_t refills;
    uint64_t refill_failures;
    uint64_t faults[STACK_PAGES]; /* stack faults by rounds taken: 0 to 3 */
    uint64_t rounds[MAGAZINE_ROUNDS_MAX];
    uint32_t events; /* refills requested since boot; the last ones are in `history` */
    struct magazine_event history[MAGAZINE_HISTORY];
};

DECLARE_PER_CPU(struct magazine, magazine);

/*
 * Sets how many rounds the magazines of CPUs that start later hold: MAGAZINE_ROUNDS_MIN to
 * MAGAZINE_ROUNDS_MAX.
 * Context: boot.
 */
void magazine_capacity_set(uint32_t rounds);

/*
 * Fills the magazine of a CPU for the first time, all or nothing. If it fails, that CPU must not
 * start.
 * Context: boot for CPU 0; THREAD for another CPU, before it starts. Errors: ERROR_NO_MEMORY.
 */
must_check int magazine_create(unsigned cpu);

/* Frees the magazine of a CPU that did not start. Context: THREAD. */
void magazine_free(unsigned cpu);

/*
 * Returns how many rounds can still be taken on this CPU.
 * Context: ENTRY, or ATOMIC with interrupts off.
 */
static always_inline uint32_t magazine_available(void)
{
    return this_cpu(magazine).capacity - this_cpu(magazine).taken;
}

/*
 * Takes one round, which the gate has covered, and returns it: the leaf entry of a zeroed page.
 * Nothing between the two accesses to `taken` may fault, because a stack fault would take a round
 * as well. Context: ATOMIC, interrupts off.
 */
static always_inline uint64_t magazine_round_take(void)
{
    uint32_t taken = this_cpu(magazine).taken;
    this_cpu(magazine).taken = taken + 1;
    return this_cpu_pointer(magazine)->rounds[taken];
}

/*
 * Books the frames that were taken since the last call as FRAME_OWNER_STACK.
 * Context: ATOMIC, interrupts off.
 */
void magazine_charge(void);

/*
 * Books the frames that faults took since the gate booked the others, for instance during the
 * switch. It must run before another CPU can see the stack that this CPU left, because that CPU may
 * free the stack's frames. Context: ATOMIC, interrupts off.
 */
static always_inline void magazine_charge_rest(void)
{
    if (unlikely(this_cpu(magazine).charged != this_cpu(magazine).taken)) {
        magazine_charge();
    }
}

/*
 * Books the rounds that were taken and replaces them, without waiting, by frames from this CPU's
 * free list, else from the buddy lists, else from the reserve. First it tries to fill the magazine,
 * unless stack_memory_short(). If that fails it tries to add `more` rounds. Each attempt gets all
 * frames or none. Returns false if it added fewer than `more`.
 *
 * The argument is the number of rounds to add and not the number to have, for this reason. The
 * function runs on a thread's stack, and may itself fault there and take rounds. Then the magazine
 * has fewer rounds than the caller saw, but the stack also misses as many pages fewer, so the
 * number of rounds that the caller lacks is the same. Context: ATOMIC, interrupts off.
 */
must_check bool magazine_refill_more(uint32_t more);

/*
 * Adds rounds, as magazine_refill_more() does, so that `least` are available. Returns false if
 * there are fewer. Context: ATOMIC, interrupts off.
 */
static inline must_check bool magazine_refill(uint32_t least)
{
    uint32_t available = magazine_available();
    return magazine_refill_more(least > available ? least - available : 0);
}

/*
 * Gives all rounds but `keep` to the reserve, while threads wait for memory. It must run where
 * nothing can fault: on a fully backed stack (idle), or on an entry stack.
 * Context: IRQ, interrupts off.
 */
void magazine_drain(uint32_t keep);

/*
 * Returns whether threads wait for memory, and fewer frames are free than these threads and the
 * magazines of all CPUs need. While that is so, nobody may take more frames than it must have:
 * these frames would be missing for a thread that waits. Context: ANY.
 */
bool stack_memory_short(void);
