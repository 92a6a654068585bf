/*
 * Reads little-endian numbers from raw bytes at any alignment, for tables of firmware and boot
 * loaders. The caller has checked that the bytes exist. Context of all functions: ANY.
 */
#pragma once

#include "lib/compiler.h"

static inline uint8_t bytes_read_8(const void *from)
{
    return *(const uint8_t *)from;
}

static inline uint16_t bytes_read_16(const void *from)
{
    uint16_t value;
    __builtin_memcpy(&value, from, sizeof(value));
    return value;
}

static inline uint32_t bytes_read_32(const void *from)
{
    uint32_t value;
    __builtin_memcpy(&value, from, sizeof(value));
    return value;
}

static inline uint64_t bytes_read_64(const void *from)
{
    uint64_t value;
    __builtin_memcpy(&value, from, sizeof(value));
    return value;
}

/* Returns the sum of all bytes modulo 256: 0 for a correct ACPI table. */
static inline uint8_t bytes_sum(const void *from, size_t bytes)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        sum = (uint8_t)(sum + ((const uint8_t *)from)[i]);
    }
    return sum;
}
