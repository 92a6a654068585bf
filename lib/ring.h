/*
 * A ring of bytes and a ring of pointers, each for one producer and one consumer. They need no
 * lock, even if they run on different CPUs, or if one is an interrupt handler. Several producers
 * need a lock among themselves, and so do several consumers.
 *
 * `written` and `taken` only grow, and wrap at 2^32. Their difference is the number of entries in
 * the ring. The producer alone changes `written`, the consumer alone changes `taken`. The size is a
 * power of two.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

struct ring_counters {
    uint32_t written; /* entries ever written; changed by the producer */
    uint32_t taken;   /* entries ever taken; changed by the consumer */
};

/* Returns the number of entries; the other side may change it at any time. Context: ANY. */
static inline uint32_t ring_count(const struct ring_counters *counters)
{
    return __atomic_load_n(&counters->written, __ATOMIC_ACQUIRE) -
           __atomic_load_n(&counters->taken, __ATOMIC_ACQUIRE);
}

/*
 * Stores in *index where the next entry goes. Returns false if the ring is full. `size` is in
 * entries. Context: ANY, the producer.
 */
static inline bool ring_room(const struct ring_counters *counters, uint32_t size, uint32_t *index)
{
    uint32_t written = __atomic_load_n(&counters->written, __ATOMIC_RELAXED);

    *index = written & (size - 1);
    return written - __atomic_load_n(&counters->taken, __ATOMIC_ACQUIRE) < size;
}

/*
 * Stores in *index where the oldest entry is. Returns false if the ring is empty. `size` is in
 * entries. Context: ANY, the consumer.
 */
static inline bool ring_ready(const struct ring_counters *counters, uint32_t size, uint32_t *index)
{
    uint32_t taken = __atomic_load_n(&counters->taken, __ATOMIC_RELAXED);

    *index = taken & (size - 1);
    return taken != __atomic_load_n(&counters->written, __ATOMIC_ACQUIRE);
}

/*
 * Adds 1 to `written` after an entry was written, or to `taken` after one was read. The other side
 * sees the entry, or the free room, from then on. Context: ANY, the side that the counter belongs
 * to.
 */
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

/*
 * Appends a byte. Returns false and changes nothing if the ring is full. Context: ANY, the
 * producer.
 */
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

/* Takes the oldest byte. Returns false if the ring is empty. Context: ANY, the consumer. */
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

/*
 * Appends a pointer. Returns false and changes nothing if the ring is full. Context: ANY, the
 * producer.
 */
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

/* Takes the oldest pointer. Returns false if the ring is empty. Context: ANY, the consumer. */
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
