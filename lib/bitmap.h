/*
 * Arrays of bits in 64-bit words. The caller guards the words. Searches ignore the bits of the last
 * word from number `bits` on. Context of all functions: ANY.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITMAP_WORD_BITS 64

/* Words that `bits` bits need: uint64_t used[BITMAP_WORDS(1000)]; */
#define BITMAP_WORDS(bits) (((bits) + BITMAP_WORD_BITS - 1) / BITMAP_WORD_BITS)

/* A search returns this if there is no such bit. */
#define BITMAP_NONE SIZE_MAX

static inline bool bitmap_test(const uint64_t *words, size_t bit)
{
    return (words[bit / BITMAP_WORD_BITS] >> (bit % BITMAP_WORD_BITS)) & 1;
}

static inline void bitmap_set(uint64_t *words, size_t bit)
{
    words[bit / BITMAP_WORD_BITS] |= 1ull << (bit % BITMAP_WORD_BITS);
}

static inline void bitmap_clear(uint64_t *words, size_t bit)
{
    words[bit / BITMAP_WORD_BITS] &= ~(1ull << (bit % BITMAP_WORD_BITS));
}

/* Sets or clears bits 0 to bits - 1, and clears the rest of the last word. */
static inline void bitmap_fill(uint64_t *words, size_t bits, bool value)
{
    for (size_t i = 0; i < BITMAP_WORDS(bits); i++) {
        words[i] = value ? UINT64_MAX : 0;
    }
    if (value && bits % BITMAP_WORD_BITS != 0) {
        words[bits / BITMAP_WORD_BITS] = (1ull << (bits % BITMAP_WORD_BITS)) - 1;
    }
}

/* Returns the first bit with this value at `start` or behind, or BITMAP_NONE. */
static inline size_t bitmap_find(const uint64_t *words, size_t bits, size_t start, bool value)
{
    size_t index = start / BITMAP_WORD_BITS;

    if (start >= bits) {
        return BITMAP_NONE;
    }
    for (uint64_t mask = UINT64_MAX << (start % BITMAP_WORD_BITS); index < BITMAP_WORDS(bits);
         index++, mask = UINT64_MAX) {
        uint64_t found = (value ? words[index] : ~words[index]) & mask;

        if (found != 0) {
            size_t bit = index * BITMAP_WORD_BITS + (size_t)__builtin_ctzll(found);

            return bit < bits ? bit : BITMAP_NONE;
        }
    }
    return BITMAP_NONE;
}

static inline size_t bitmap_find_set(const uint64_t *words, size_t bits, size_t start)
{
    return bitmap_find(words, bits, start, true);
}

static inline size_t bitmap_find_clear(const uint64_t *words, size_t bits, size_t start)
{
    return bitmap_find(words, bits, start, false);
}

/*
 * Returns how many of the bits 0 to bits - 1 are set. (Not all CPUs have POPCNT: qemu64 has not.)
 */
static inline size_t bitmap_count(const uint64_t *words, size_t bits)
{
    size_t count = 0;

    for (size_t bit = bitmap_find_set(words, bits, 0); bit != BITMAP_NONE;
         bit = bitmap_find_set(words, bits, bit + 1)) {
        count++;
    }
    return count;
}
