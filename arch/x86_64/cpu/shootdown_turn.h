/*
 * The turn to run a round of shootdowns. Only one CPU has the turn, so one round runs at a time. A
 * CPU that does not get the turn adds its range to the next round, which some other CPU may run,
 * and waits. Interrupts stay on while it waits, so it answers the rounds of others. However many
 * CPUs want a round, each waits for two rounds at most: the one that is under way, and the next
 * one.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"

/* Ranges that may wait for the next round; further ones are joined with the last of these. */
#define SHOOTDOWN_RANGES_MOST 8

struct shootdown_range {
    uintptr_t address;
    size_t bytes; /* SIZE_MAX: all translations, whatever the address */
};

struct shootdown_turn {
    uint32_t taken;
    /* The round under way; written with the turn. */
    struct shootdown_range ranges[SHOOTDOWN_RANGES_MOST + 1];
    unsigned range_count;
    uint32_t served; /* requests, that of the CPU that has the turn included */
    uint64_t done;   /* the number of the last round that has ended */
    /* What the next round does, besides the range of the CPU that runs it. Under `lock`. */
    struct spinlock lock;
    struct shootdown_range requested[SHOOTDOWN_RANGES_MOST];
    unsigned requested_count;
    uint32_t requests;
    uint64_t next; /* the number of the next round */
};

/* clang-format off */
#define SHOOTDOWN_TURN(lock_name) {.lock = SPINLOCK(lock_name), .next = 1}
/* clang-format on */

/*
 * Has a range served by a round. Returns true if the caller must run that round: then it has the
 * turn, with preemption off, until it calls shootdown_turn_end(), and turn->ranges holds the ranges
 * to serve. Returns false if another CPU has served the range in its round. In either case the
 * round began after the call, so it covers every change of entries that the caller made before.
 * Context: THREAD, or ATOMIC with preemption off; interrupts on, no spinlock held.
 */
must_check bool shootdown_turn_take(struct shootdown_turn *turn, struct shootdown_range range);

/* Ends the round, after all CPUs have answered. Context: ATOMIC. */
void shootdown_turn_end(struct shootdown_turn *turn);

/* Takes the turn and runs no round. For a test that makes other CPUs wait. Context: THREAD. */
void shootdown_turn_hold(struct shootdown_turn *turn);

/* Gives back a turn that shootdown_turn_hold() took. Context: ATOMIC, on the same CPU. */
void shootdown_turn_release(struct shootdown_turn *turn);

/* Returns how many requests wait for the next round. Context: ANY. */
uint32_t shootdown_requests_waiting(const struct shootdown_turn *turn);
