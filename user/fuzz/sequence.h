/* What sequences of calls share: fuzz_sequences.c and fuzz_last.c. */
#pragma once

#include "user/fuzz/fuzz.h"

#define PAGE_BYTES     4096UL
#define BAD            0xffff800000001000UL /* an address of the kernel */
#define FREE_LINE      11                   /* no device of the machine has it */
#define GENERATION_ONE 0x4000UL             /* of a handle */

/* Makes a call with up to five arguments. Its result is checked and counted. */
static inline int64_t make(unsigned number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                           uint64_t e)
{
    const uint64_t values[FUZZ_ARGUMENTS] = {a, b, c, d, e};

    return fuzz_make(number, values);
}
