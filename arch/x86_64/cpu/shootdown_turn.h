/*
 * Whose turn it is to run a round of shootdowns. One round runs at a time. A CPU that does not get
 * the turn leaves its range for the next round, whoever runs that, and waits with interrupts on,
 * and with preemption as it was. So it still answers the rounds of others, and it waits for the
 * round under way and one more at most, however many CPUs want a round.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"

/* More ranges than this in one round are joined. */
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
    uint64_t next; /* its number */
};

/* clang-format off */
#define SHOOTDOWN_TURN(lock_name) {.lock = SPINLOCK(lock_name), .next = 1}
/* clang-format on */

/*
 * Has a range served by a round. Returns true if the caller must run that round: it has the turn,
 * and preemption off, until shootdown_turn_end(); turn->ranges has what the round must do. Returns
 * false if another CPU has run it. The round reads the entries and CPUs concerned after the call.
 * Context: THREAD, or with preemption off; interrupts on, no spinlock held.
 */
must_check bool shootdown_turn_take(struct shootdown_turn *turn, struct shootdown_range range);

/* Ends the round, after all CPUs have answered. Context: ATOMIC. */
void shootdown_turn_end(struct shootdown_turn *turn);

/* Takes the turn without a round, for a test; shootdown_turn_release(): gives it back. */
void shootdown_turn_hold(struct shootdown_turn *turn);
void shootdown_turn_release(struct shootdown_turn *turn);

/* Returns how many requests wait for the next round. Context: ANY. */
uint32_t shootdown_requests_waiting(const struct shootdown_turn *turn);
