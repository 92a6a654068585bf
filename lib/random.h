/*
 * Pseudo-random numbers, the same ones for the same seed: xorshift64* (Marsaglia; Vigna 2014). For
 * tests; not for secrets. Context of all functions: ANY.
 */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"

struct random {
    uint64_t state; /* never 0 */
};

/*
 * Begins stream number `stream` of a seed. Streams of neighbouring numbers have nothing in common:
 * both are mixed (the finaliser of splitmix64).
 */
static inline void random_begin(struct random *random, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15 + stream * 0xd1b54a32d192ed03 + 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    x ^= x >> 31;
    random->state = x != 0 ? x : 1;
}

/* Returns 64 random bits. */
static inline uint64_t random_next(struct random *random)
{
    uint64_t x = random->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    random->state = x;
    return x * 0x2545f4914f6cdd1d;
}

/* Returns a number from 0 to bound - 1; `bound` is not 0. */
static inline uint32_t random_below(struct random *random, uint32_t bound)
{
    return (uint32_t)(((random_next(random) >> 32) * bound) >> 32);
}

/* Returns a number from `least` to `most`, both included. */
static inline uint32_t random_between(struct random *random, uint32_t least, uint32_t most)
{
    return least + random_below(random, most - least + 1);
}

/* Returns true once in `bound` calls, on average. */
static inline bool random_once_in(struct random *random, uint32_t bound)
{
    return random_below(random, bound) == 0;
}
