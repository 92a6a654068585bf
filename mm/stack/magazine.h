/*
 * Each CPU's magazine: zeroed frames, ready to hang into the stack of the thread that runs there.
 *
 * Invariant I3: magazine_available() >= stack_missing(current) at every instruction of a thread,
 * and >= missing(p) + missing(n) while this CPU switches from p to n. A page only moves from the
 * magazine into the stack that runs, so both sides of the comparison shrink together and the cover
 * keeps itself; only the dispatch gate (sched/stack/gate.c) has to look.
 *
 * rounds[0 .. taken) were taken since the last refill, rounds[taken .. capacity) are there to take.
 * A round is the leaf entry itself: frame and rights, so that a fault stores it as it is.
 *
 * Touched only by its own CPU, interrupts off or on the page-fault entry stack: no lock.
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
    uint32_t slot;   /* of the stack that was in use */
    uint32_t more;   /* rounds that the gate had to get */
    uint16_t before; /* rounds available before and after */
    uint16_t after;
};

#define MAGAZINE_HISTORY 8

struct magazine {
    uint32_t taken;    /* rounds used since the last refill: 0 is a full magazine */
    uint32_t charged;  /* of these, how many are booked as stack memory already */
    uint32_t capacity; /* rounds when full; 0 until the CPU's magazine is first filled */
    uint32_t low_water;
    uint64_t refills;
    uint64_t refill_failures;
    uint64_t faults[STACK_PAGES]; /* stack faults that filled 1, 2, 3 pages; [0] is not used */
    uint64_t rounds[MAGAZINE_ROUNDS_MAX];
    uint32_t events; /* refills asked for so far; the last ones are kept: */
    struct magazine_event history[MAGAZINE_HISTORY];
};

DECLARE_PER_CPU(struct magazine, magazine);

/* How many rounds a magazine holds when full, for CPUs filled from now on; clamped by the caller.
 */
void magazine_capacity_set(uint32_t rounds);

/*
 * Fills the magazine of a CPU for the first time, all or nothing. Thread context, before the CPU
 * runs threads; may be called for another CPU. ERROR_NO_MEMORY: then that CPU must not start.
 */
must_check int magazine_create(unsigned cpu);

/* Rounds that can still be taken on this CPU. Interrupts off, or entry stack. */
static always_inline uint32_t magazine_available(void)
{
    return this_cpu(magazine).capacity - this_cpu(magazine).taken;
}

/*
 * Takes one round, which the gate has covered: the leaf entry of a zeroed page. Interrupts off. The
 * two words are read and written with nothing between that could take a round itself.
 */
static always_inline uint64_t magazine_round_take(void)
{
    uint32_t taken = this_cpu(magazine).taken;
    this_cpu(magazine).taken = taken + 1;
    return this_cpu_pointer(magazine)->rounds[taken];
}

/*
 * Books the frames that faults took since the last time as stack memory. Interrupts off.
 */
void magazine_charge(void);

/*
 * The same for what was taken since the gate looked: by the switch itself. Before anyone else may
 * see the stack that was left, because its frames must be booked when another CPU frees them.
 */
static always_inline void magazine_charge_rest(void)
{
    if (unlikely(this_cpu(magazine).charged != this_cpu(magazine).taken)) {
        magazine_charge();
    }
}

/*
 * Books what was taken as stack memory and replaces it, without waiting: from this CPU's free
 * frames, else the allocator, else the reserve. Tries for a full magazine first (unless threads
 * hunger and memory is short), then for `more` rounds than were there; each try takes all it needs
 * or nothing. False if it got less than `more`. Interrupts off; takes the allocator's locks;
 * zeroes.
 *
 * It runs on a stack, of which it may itself fill pages. Then fewer rounds are there than the
 * caller saw, but as many fewer are missing: hence it is asked for a difference.
 */
must_check bool magazine_refill_more(uint32_t more);

/* The same for `least` rounds in all, by a caller who needs them whatever it fills meanwhile, or
 * whose stack is whole. */
static inline must_check bool magazine_refill(uint32_t least)
{
    uint32_t available = magazine_available();
    return magazine_refill_more(least > available ? least - available : 0);
}

/*
 * While threads starve: gives all rounds but `keep` to the reserve. Interrupts off, where nothing
 * can fault: on a fully backed thread (idle), or on an entry stack.
 */
void magazine_drain(uint32_t keep);

/*
 * Returns whether threads wait for memory and less is free than all of them and every CPU's
 * magazine need. Then nobody else takes more frames than it must have, because frames freed for a
 * waiting thread would go elsewhere.
 * Context: ANY.
 */
bool stack_memory_short(void);
