/*
 * Bytes for the serial line while a program has the port: the console's output puts them in, the
 * program takes them out. Writers need a lock among themselves, and so do readers; a writer and a
 * reader need no common lock. A byte that finds no room is dropped and counted: the kernel never
 * waits for the program.
 */
#pragma once

#include "lib/compiler.h"

#define HANDOVER_RING_BYTES 16384 /* a power of two */

struct handover_ring {
    uint32_t written, taken; /* only grow */
    uint64_t lost;           /* bytes that found no room */
    char bytes[HANDOVER_RING_BYTES];
};

/* Adds a byte, or counts it as lost. Context: ANY, with the writers' lock. */
static inline void handover_ring_put(struct handover_ring *ring, char byte)
{
    uint32_t written = ring->written;
    if (written - __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE) == HANDOVER_RING_BYTES) {
        __atomic_store_n(&ring->lost, ring->lost + 1, __ATOMIC_RELAXED);
        return;
    }
    ring->bytes[written % HANDOVER_RING_BYTES] = byte;
    __atomic_store_n(&ring->written, written + 1, __ATOMIC_RELEASE);
}

/*
 * Copies up to `bytes` bytes, which stay in the ring. Returns how many, and stores in *place where
 * they are, for handover_ring_drop(). Context: ANY, with the readers' lock.
 */
static inline size_t handover_ring_peek(const struct handover_ring *ring, char *to, size_t bytes,
                                        uint32_t *place)
{
    uint32_t next = ring->taken, written = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE);
    size_t count = 0;
    *place = next;
    while (count < bytes && next != written) {
        to[count++] = ring->bytes[next++ % HANDOVER_RING_BYTES];
    }
    return count;
}

/*
 * Removes the `count` bytes that handover_ring_peek() copied. Returns false, and removes nothing,
 * if another reader has removed them meanwhile. Context: ANY, with the readers' lock.
 */
static inline must_check bool handover_ring_drop(struct handover_ring *ring, uint32_t place,
                                                 size_t count)
{
    if (ring->taken != place) {
        return false;
    }
    __atomic_store_n(&ring->taken, place + (uint32_t)count, __ATOMIC_RELEASE);
    return true;
}

/* Takes up to `bytes` bytes, and returns how many. Context: ANY, with the readers' lock. */
static inline size_t handover_ring_take(struct handover_ring *ring, char *to, size_t bytes)
{
    uint32_t place;
    size_t count = handover_ring_peek(ring, to, bytes, &place);
    ignore_result(handover_ring_drop(ring, place, count)); /* the lock keeps other readers out */
    return count;
}

/* Says whether there are bytes. Context: ANY. */
static inline bool handover_ring_waits(const struct handover_ring *ring)
{
    return __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) !=
           __atomic_load_n(&ring->taken, __ATOMIC_RELAXED);
}
