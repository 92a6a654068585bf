/*
 * Injected failures: allocations fail on request, so that tests reach rare paths. The boot option
 * fault-inject= or a test arms a kind of failure. Each kind counts the calls that it could make
 * fail. The seed sets where the count begins, and so which calls fail.
 */
#pragma once

#include "lib/compiler.h"

enum fault_inject_kind {
    FAULT_INJECT_REFILL,       /* every n-th refill of a magazine finds no frames */
    FAULT_INJECT_RESERVE_ONLY, /* every n-th refill may take from the reserve only */
    FAULT_INJECT_ALLOCATE,     /* the n-th allocation from now finds no memory; only once */
    FAULT_INJECT_KINDS,
};

/*
 * Makes every `every`-th call of a kind fail; 0 disarms it. FAULT_INJECT_ALLOCATE fails once only,
 * and ignores the seed.
 * Context: THREAD.
 */
void fault_inject_arm(enum fault_inject_kind kind, uint32_t every, uint64_t seed);

/*
 * Returns how many calls of a kind failed since it was armed.
 * Context: ANY.
 */
uint64_t fault_inject_count(enum fault_inject_kind kind);

/*
 * Returns the kind's name on the command line.
 * Context: ANY.
 */
const char *fault_inject_name(enum fault_inject_kind kind);

/* True while any kind is armed. */
extern bool fault_inject_armed;

/*
 * Counts a call of an armed kind and returns whether it fails. For fault_inject().
 * Context: ANY.
 */
bool fault_inject_decide(enum fault_inject_kind kind);

/*
 * Returns whether this call must fail. One comparison while nothing is armed.
 * Context: ANY.
 */
static always_inline bool fault_inject(enum fault_inject_kind kind)
{
    return unlikely(fault_inject_armed) && fault_inject_decide(kind);
}
