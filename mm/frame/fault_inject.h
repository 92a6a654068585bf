/*
 * Failures on demand, so that what is rare happens in a test: fault-inject= at boot, or by a test.
 * Each kind counts its opportunities; the seed says where the count begins.
 */
#pragma once

#include "lib/compiler.h"

enum fault_inject_kind {
    FAULT_INJECT_REFILL,       /* every n-th refill of a magazine finds no frames */
    FAULT_INJECT_RESERVE_ONLY, /* every n-th refill may take from the reserve only */
    FAULT_INJECT_ALLOCATE,     /* the n-th create or object from now finds no memory; once */
    FAULT_INJECT_KINDS,
};

/* Arms a kind: 0 takes it back. Any context. */
void fault_inject_arm(enum fault_inject_kind kind, uint32_t every, uint64_t seed);

/* How often the kind struck since it was armed. Any context. */
uint64_t fault_inject_count(enum fault_inject_kind kind);

/* The name by which the command line knows the kind. */
const char *fault_inject_name(enum fault_inject_kind kind);

extern bool fault_inject_armed;
bool fault_inject_decide(enum fault_inject_kind kind);

/* Is it time to fail? One comparison when nothing is armed. Any context. */
static always_inline bool fault_inject(enum fault_inject_kind kind)
{
    return unlikely(fault_inject_armed) && fault_inject_decide(kind);
}
