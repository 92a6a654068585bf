/*
 * Rings for one producer and one consumer, which may run on different CPUs or one in an interrupt
 * handler: no lock. With more of either, the callers of that side need one. A ring of bytes and a
 * ring of pointers.
 *
 * `written` and `taken` only grow and may wrap; their difference is the number of entries. Each has
 * one writer. The size is a power of two.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

struct ring_counters {
    uint32_t written; /* producer's */
    uint32_t taken;   /* consumer's */
};

/* Entries inside, as far as the caller's side can know: it may change at once. */
static inline uint32_t ring_count(const struct ring_counters *counters)
{
    return __atomic_load_n(&counters->written, __ATOMIC_ACQUIRE) -
           __atomic_load_n(&counters->taken, __ATOMIC_ACQUIRE);
}

/* Producer: where the next entry goes; false if all `size` entries are taken up. */
static inline bool ring_room(const struct ring_counters *counters, uint32_t size, uint32_t *index)
{
    uint32_t written = __atomic_load_n(&counters->written, __ATOMIC_RELAXED);

    *index = written & (size - 1);
    return written - __atomic_load_n(&counters->taken, __ATOMIC_ACQUIRE) < size;
}

/* Consumer: where the oldest entry is; false if there is none. */
static inline bool ring_ready(const struct ring_counters *counters, uint32_t size, uint32_t *index)
{
    uint32_t taken = __atomic_load_n(&counters->taken, __ATOMIC_RELAXED);

    *index = taken & (size - 1);
    return taken != __atomic_load_n(&counters->written, __ATOMIC_ACQUIRE);
}

/* Make the entry just written, or the room just emptied, known to the other side. */
static inline void ring_publish(uint32_t *counter)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
}

struct byte_ring {
    struct ring_counters counters;
    uint32_t size; /* in bytes, a power of two */
    uint8_t *bytes;
};

/* clang-format off */
#define BYTE_RING(array) {.size = sizeof(array), .bytes = (array)}
/* clang-format on */

/* Producer. False, and nothing changed, if the ring is full. */
static inline must_check bool byte_ring_put(struct byte_ring *ring, uint8_t byte)
{
    uint32_t index;

    if (!ring_room(&ring->counters, ring->size, &index)) {
        return false;
    }
    ring->bytes[index] = byte;
    ring_publish(&ring->counters.written);
    return true;
}

/* Consumer. False if the ring is empty. */
static inline must_check bool byte_ring_take(struct byte_ring *ring, uint8_t *byte)
{
    uint32_t index;

    if (!ring_ready(&ring->counters, ring->size, &index)) {
        return false;
    }
    *byte = ring->bytes[index];
    ring_publish(&ring->counters.taken);
    return true;
}

struct pointer_ring {
    struct ring_counters counters;
    uint32_t size; /* in pointers, a power of two */
    void **pointers;
};

/* clang-format off */
#define POINTER_RING(array) {.size = array_length(array), .pointers = (array)}
/* clang-format on */

/* Producer. False, and nothing changed, if the ring is full. */
static inline must_check bool pointer_ring_put(struct pointer_ring *ring, void *pointer)
{
    uint32_t index;

    if (!ring_room(&ring->counters, ring->size, &index)) {
        return false;
    }
    ring->pointers[index] = pointer;
    ring_publish(&ring->counters.written);
    return true;
}

/* Consumer. False if the ring is empty. */
static inline must_check bool pointer_ring_take(struct pointer_ring *ring, void **pointer)
{
    uint32_t index;

    if (!ring_ready(&ring->counters, ring->size, &index)) {
        return false;
    }
    *pointer = ring->pointers[index];
    ring_publish(&ring->counters.taken);
    return true;
}
