/* Reads numbers from text, for the command line and the monitor. */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"

/*
 * Reads a whole string as a number: decimal, or hexadecimal after 0x, with an optional suffix K, M
 * or G (either case) that multiplies by 1024, 1024^2 or 1024^3.
 * Context: ANY. Errors: ERROR_INVALID for an empty text, a sign, a space, any other character, or
 * anything behind the suffix; ERROR_RANGE if it does not fit 64 bits. *value is then unchanged.
 */
must_check int number_parse_u64(const char *text, uint64_t *value);

/*
 * Reads a number as number_parse_u64() does and checks that it lies between minimum and maximum,
 * both allowed. Context: ANY. Errors: those of number_parse_u64(); ERROR_RANGE outside the limits.
 */
must_check int number_parse_range(const char *text, uint64_t minimum, uint64_t maximum,
                                  uint64_t *value);
