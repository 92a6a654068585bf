/* The parts of the user library that need no kernel. */
#include <pthread.h>

#include "lib/error.h"
#include "tests/host/host.h"
#include "user/lib/heap.h"
#include "user/lib/ring.h"

#define HEAP_BYTES 8192
#define SLOTS      64

static uint8_t area[HEAP_BYTES] aligned_to(HEAP_ALIGNMENT);
static struct heap heap;

HOST_TEST(HUL0001, "blocks of a heap keep their bytes, and all of it is one block at the end")
{
    static struct {
        uint8_t *data;
        size_t bytes;
        uint8_t value;
    } slots[SLOTS];
    unsigned refused = 0;

    heap_init(&heap, area, HEAP_BYTES);
    for (unsigned round = 0; round < 50000; round++) {
        unsigned i = (unsigned)host_random_below(SLOTS);

        if (slots[i].data != NULL) {
            for (size_t at = 0; at < slots[i].bytes; at++) {
                host_equal(slots[i].data[at], slots[i].value);
            }
            host_equal(heap_check_block(&heap, slots[i].data), HEAP_BLOCK_SOUND);
            heap_free(&heap, slots[i].data);
            slots[i].data = NULL;
            continue;
        }
        slots[i].bytes = host_random_below(400);
        slots[i].value = (uint8_t)host_random();
        slots[i].data = heap_allocate(&heap, slots[i].bytes);
        if (slots[i].data == NULL) {
            refused++;
            continue;
        }
        host_check((uintptr_t)slots[i].data % HEAP_ALIGNMENT == 0);
        host_check(heap_usable(slots[i].data) >= slots[i].bytes);
        __builtin_memset(slots[i].data, slots[i].value, slots[i].bytes);
    }
    host_check(refused > 0);
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slots[i].data != NULL) {
            heap_free(&heap, slots[i].data);
        }
    }
    host_equal(heap.used_bytes, 0);
    void *all = heap_allocate(&heap, HEAP_BYTES - 32);
    host_check(all != NULL);
    host_check(heap_allocate(&heap, 1) == NULL);
}

HOST_TEST(HUL0002, "a heap refuses sizes that wrap around, and says what may not be freed")
{
    heap_init(&heap, area, HEAP_BYTES);
    for (size_t less = 0; less < 100; less++) {
        host_check(heap_allocate(&heap, SIZE_MAX - less) == NULL);
    }
    host_check(heap_allocate(&heap, HEAP_BYTES) == NULL);
    uint8_t *one = heap_allocate(&heap, 100), *two = heap_allocate(&heap, 100);
    __builtin_memset(one, 0, 100);
    host_equal(heap_check_block(&heap, one), HEAP_BLOCK_SOUND);
    host_equal(heap_check_block(&heap, one + 16), HEAP_BLOCK_FOREIGN);
    host_equal(heap_check_block(&heap, one + 1), HEAP_BLOCK_FOREIGN);
    host_equal(heap_check_block(&heap, area), HEAP_BLOCK_FOREIGN);
    host_equal(heap_check_block(&heap, area + HEAP_BYTES), HEAP_BLOCK_FOREIGN);
    host_equal(heap_check_block(&heap, &heap), HEAP_BLOCK_FOREIGN);
    heap_free(&heap, one);
    host_equal(heap_check_block(&heap, one), HEAP_BLOCK_FREE);
    host_equal(heap_check_block(&heap, two), HEAP_BLOCK_SOUND);
}

#define RING_BYTES (sizeof(struct ring_shared) + 300) /* of which 256 are used */

static uint8_t shared[RING_BYTES] aligned_to(64);
static struct ring_side writer, reader;

HOST_TEST(HUL0003, "a ring takes what there is room for, and gives it back in order")
{
    uint8_t in[400] = {0}, out[400], next_in = 0, next_out = 0;

    host_equal(ring_open(&writer, shared, sizeof(struct ring_shared)), ERROR_INVALID);
    host_equal(ring_open(&writer, shared, RING_BYTES), OK);
    host_equal(ring_open(&reader, shared, RING_BYTES), OK);
    host_equal(writer.capacity, 256);
    host_equal(ring_read(&reader, out, sizeof(out)), 0);
    for (unsigned round = 0; round < 20000; round++) {
        size_t bytes = host_random_below(sizeof(in)), held = writer.position - reader.position;

        for (size_t i = 0; i < bytes; i++) {
            in[i] = (uint8_t)(next_in + i);
        }
        int64_t done = ring_write(&writer, in, bytes);
        host_equal(done, bytes < 256 - held ? bytes : 256 - held);
        next_in = (uint8_t)(next_in + done);
        done = ring_read(&reader, out, host_random_below(sizeof(out)));
        for (int64_t i = 0; i < done; i++) {
            host_equal(out[i], (uint8_t)(next_out + i));
        }
        next_out = (uint8_t)(next_out + done);
    }
}

HOST_TEST(HUL0004, "a peer that lies about its position in a ring leads the other side nowhere")
{
    struct ring_shared *ring = (struct ring_shared *)shared;
    uint8_t bytes[600] = {0};

    host_equal(ring_open(&writer, shared, RING_BYTES), OK);
    host_equal(ring_open(&reader, shared, RING_BYTES), OK);
    for (unsigned round = 0; round < 20000; round++) {
        uint64_t lie =
            host_random_below(2) == 0 ? host_random() : reader.position + host_random_below(600);
        uint64_t held = lie - reader.position;

        ring->written = lie;
        int64_t done = ring_read(&reader, bytes, host_random_below(sizeof(bytes)));
        host_check(held > 256 ? done == ERROR_CORRUPT : done >= 0 && (uint64_t)done <= held);
        lie = host_random_below(2) == 0 ? host_random() : writer.position - host_random_below(600);
        held = writer.position - lie;
        ring->read = lie;
        done = ring_write(&writer, bytes, host_random_below(sizeof(bytes)));
        host_check(held > 256 ? done == ERROR_CORRUPT : done >= 0 && (uint64_t)done <= 256 - held);
    }
}

HOST_TEST(HUL0006, "bytes are written and read in a ring's memory, which a lie leads nowhere")
{
    struct ring_shared *ring = (struct ring_shared *)shared;
    uint8_t next_in = 0, next_out = 0, *at;

    host_equal(ring_open(&writer, shared, RING_BYTES), OK);
    host_equal(ring_open(&reader, shared, RING_BYTES), OK);
    for (unsigned round = 0; round < 20000; round++) {
        uint64_t held = writer.position - reader.position;
        int64_t room = ring_room(&writer, &at), content;

        host_check(room >= 0 && (uint64_t)room <= 256 - held && (room > 0 || held == 256));
        host_check(at >= ring->bytes && at + room <= ring->bytes + 256);
        room = (int64_t)host_random_below((uint64_t)room + 1);
        for (int64_t i = 0; i < room; i++) {
            at[i] = next_in++;
        }
        ring_written(&writer, (size_t)room);
        held += (uint64_t)room;
        content = ring_content(&reader, &at);
        host_check(content >= 0 && (uint64_t)content <= held && (content > 0 || held == 0));
        host_check(at >= ring->bytes && at + content <= ring->bytes + 256);
        content = (int64_t)host_random_below((uint64_t)content + 1);
        for (int64_t i = 0; i < content; i++) {
            host_equal(at[i], next_out++);
        }
        ring_taken(&reader, (size_t)content);
    }
    ring->read = writer.position + 1;
    ring->written = reader.position + 257;
    host_equal(ring_room(&writer, &at), ERROR_CORRUPT);
    host_equal(ring_content(&reader, &at), ERROR_CORRUPT);
}

#define STREAM_BYTES 2000000

static void *stream_write(void *argument maybe_unused)
{
    uint8_t chunk[100];

    for (uint64_t sent = 0; sent < STREAM_BYTES;) {
        size_t bytes = STREAM_BYTES - sent < sizeof(chunk) ? STREAM_BYTES - sent : sizeof(chunk);

        for (size_t i = 0; i < bytes; i++) {
            chunk[i] = (uint8_t)((sent + i) * 7);
        }
        int64_t done = ring_write(&writer, chunk, bytes);
        sent += done > 0 ? (uint64_t)done : 0;
    }
    return NULL;
}

HOST_TEST(HUL0005, "a ring carries a stream between two threads, every byte checked")
{
    uint8_t chunk[77];
    pthread_t thread;
    uint64_t got = 0;

    host_equal(ring_open(&writer, shared, RING_BYTES), OK);
    host_equal(ring_open(&reader, shared, RING_BYTES), OK);
    host_equal(pthread_create(&thread, NULL, stream_write, NULL), 0);
    while (got < STREAM_BYTES) {
        int64_t done = ring_read(&reader, chunk, sizeof(chunk));

        if (done < 0) {
            host_fail(__FILE__, __LINE__, "the ring is corrupt after %lu bytes", got);
            return;
        }
        for (int64_t i = 0; i < done; i++) {
            host_equal(chunk[i], (uint8_t)((got + (uint64_t)i) * 7));
        }
        got += (uint64_t)done;
    }
    host_equal(pthread_join(thread, NULL), 0);
}
