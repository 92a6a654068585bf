/*
 * Magazines: each CPU's zeroed frames, ready to be mapped into the stack of the thread that runs
 * there. (The name is Bonwick's; a frame in a magazine is a round.)
 *
 * Invariant I3: magazine_available() >= stack_missing(current) at every instruction of a thread,
 * and >= missing(p) + missing(n) while this CPU switches from p to n. A stack fault moves a frame
 * from the magazine into the running stack, so both sides shrink by one. Only the dispatch gate
 * (sched/stack/gate.c) has to compare them.
 *
 * rounds[0 .. taken) were taken since the last refill; rounds[taken .. capacity) are available. A
 * round is a complete leaf entry, frame and rights, which a fault stores unchanged.
 *
 * A magazine is used by its own CPU only, with interrupts off or on the page-fault entry stack, so
 * it needs no lock.
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
    uint32_t charged;  /* of these, how many are booked as FRAME_OWNER_STACK */
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
 * Takes one round, which the gate has covered, and returns it: the leaf entry of a zeroed page. The
 * two accesses to `taken` have nothing between them that could fault and take a round itself.
 * Context: ATOMIC, interrupts off.
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
 * Books frames that the switch itself took after the gate booked the others. It comes before any
 * other CPU may see the old stack, because that CPU may free the stack's frames.
 * Context: ATOMIC, interrupts off.
 */
static always_inline void magazine_charge_rest(void)
{
    if (unlikely(this_cpu(magazine).charged != this_cpu(magazine).taken)) {
        magazine_charge();
    }
}

/*
 * Books the rounds that were taken and replaces them, without waiting, by frames from this CPU's
 * free list, else the allocator, else the reserve. It first tries to fill the magazine, unless
 * stack_memory_short(), then to add `more` rounds; each attempt gets all it needs or nothing.
 * Returns false if it got less than `more`.
 *
 * It runs on a stack and may fill pages of that stack itself. Then fewer rounds are left than the
 * caller saw, but as many fewer are missing. That is why it takes a difference.
 * Context: ATOMIC, interrupts off.
 */
must_check bool magazine_refill_more(uint32_t more);

/*
 * Refills until `least` rounds are available, for a caller that needs them whatever it fills
 * meanwhile. Returns false if it got less.
 * Context: ATOMIC, interrupts off.
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
 * Returns whether threads wait for memory and less is free than all of them and every CPU's
 * magazine need. Then nobody else takes more frames than it must have, because frames freed for a
 * waiting thread would go elsewhere.
 * Context: ANY.
 */
bool stack_memory_short(void);
