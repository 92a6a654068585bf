/* Object caches and kmalloc, compared with a record of the objects in use. */
#include "mm/heap/slab.h"

#include <stdio.h>
#include <string.h>

#include "arch/x86_64/cpu/address.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/kmalloc.h"
#include "tests/host/host.h"

#define MEBIBYTE 0x100000ul

static void machine_create(size_t bytes)
{
    static struct memory_map map;

    host_memory_create(bytes);
    host_equal(memory_map_add(&map, 0, bytes, MEMORY_USABLE), OK);
    host_equal(frame_init(&map), OK);
}

struct held {
    unsigned char *object;
    size_t bytes;
    unsigned char mark;
};

static void mark(struct held *held)
{
    held->mark = (unsigned char)host_random();
    memset(held->object, held->mark, held->bytes);
}

static void check_mark(const struct held *held)
{
    for (size_t i = 0; i < held->bytes; i++) {
        if (held->object[i] != held->mark) {
            host_fail(__FILE__, __LINE__, "byte %zu of %p changed", i, held->object);
            return;
        }
    }
}

HOST_TEST(HSL0001,
          "objects of all sizes and alignments never overlap in random use, and all memory returns")
{
    static const size_t sizes[] = {1, 8, 16, 24, 40, 100, 256, 700, 1024, 2048, 3000, 8192};
    size_t free_before;

    machine_create(64 * MEBIBYTE);
    free_before = frame_free_count();
    for (unsigned i = 0; i < array_length(sizes); i++) {
        for (size_t alignment = 0; alignment <= 4096;
             alignment = alignment == 0 ? 8 : alignment * 8) {
            static struct held held[700];
            struct slab_cache cache;
            unsigned count = 0;

            slab_cache_init(&cache, "test", sizes[i], alignment);
            for (unsigned step = 0; step < 3000; step++) {
                if (host_random_below(step < 1500 ? 3 : 5) < 2 && count < array_length(held)) {
                    void *object;

                    host_equal(slab_allocate(&cache, &object), OK);
                    held[count] = (struct held){.object = object, .bytes = sizes[i]};
                    if (alignment != 0) {
                        host_equal((uintptr_t)object % alignment, 0);
                    }
                    host_check(slab_cache_of(object) == &cache);
                    mark(&held[count++]);
                } else if (count > 0) {
                    unsigned index = (unsigned)host_random_below(count);

                    check_mark(&held[index]);
                    slab_free(&cache, held[index].object);
                    held[index] = held[--count];
                }
                host_equal(cache.in_use, count);
            }
            while (count > 0) {
                check_mark(&held[--count]);
                slab_free(&cache, held[count].object);
            }
            host_equal(cache.slabs, cache.empty);
            host_check(cache.empty <= 2);
            slab_cache_destroy(&cache);
            host_equal(frame_free_count(), free_before);
        }
    }
}

HOST_TEST(HSL0002,
          "without memory an object is refused, objects in use keep their bytes, and all returns")
{
    struct slab_cache cache;
    void *object = &cache, *last = NULL;
    size_t count = 0, free_before;

    machine_create(2 * MEBIBYTE);
    free_before = frame_free_count();
    slab_cache_init(&cache, "run down", 64, 0);
    while (slab_allocate(&cache, &object) == OK) {
        *(void **)object = last;
        last = object;
        count++;
    }
    host_check(object == last);
    host_equal(frame_free_count(), 0);
    host_check(count * 64 > free_before * PAGE_BYTES * 3 / 4);
    host_equal(slab_objects_in_use(), count);
    for (; last != NULL; count--) {
        object = *(void **)last;
        slab_free(&cache, last);
        last = object;
    }
    host_equal(count, 0);
    slab_reap();
    host_equal(frame_free_count(), free_before);
}

HOST_TEST(HSL0003, "misuse of objects panics, and the message names it")
{
    struct slab_cache cache, other, odd;
    void *object, *another;

    machine_create(4 * MEBIBYTE);
    kmalloc_init();
    slab_cache_init(&cache, "threads", 200, 0);
    slab_cache_init(&other, "other", 200, 0);
    host_equal(slab_allocate(&cache, &object), OK);
    host_equal(slab_allocate(&cache, &another), OK);
    host_panics(slab_free(&other, object), "'other', which it is not");
    other.lock.holder = 0; /* left locked by the panic */
    host_panics(slab_free(&cache, (char *)object + 8), "none begins there");
    cache.lock.holder = 0;
    slab_free(&cache, object);
    host_panics(slab_free(&cache, object), "free already");
    cache.lock.holder = 0;
    host_panics(kfree(another), "an object of 'threads'");
    host_panics(slab_cache_destroy(&cache), "1 objects in use");
    host_panics(slab_cache_init(&odd, "odd", 0, 0), "no objects of 0 bytes");
    host_panics(slab_cache_init(&odd, "odd", 8, 24), "multiples of 24");
    host_panics(slab_cache_init(&odd, "odd", SLAB_OBJECT_BYTES + 1, 0), "no objects");
}

#ifdef INVARIANT
HOST_TEST(HSL0004, "a write to a freed object, or beyond one, is noticed")
{
    struct slab_cache cache;
    unsigned char *object;
    void *again;

    machine_create(4 * MEBIBYTE);
    slab_cache_init(&cache, "checked", 20, 0);
    host_equal(slab_allocate(&cache, (void **)&object), OK);
    object[20] = 1;
    host_panics(slab_free(&cache, object), "beyond its 20 bytes");
    cache.lock.holder = 0;
    object[20] = 0xe7;
    slab_free(&cache, object);
    object[3] ^= 8;
    host_panics(host_equal(slab_allocate(&cache, &again), OK), "offset 3");
}
#endif

HOST_TEST(HSL0005, "the listing names each cache and adds up")
{
    struct slab_cache cache;
    struct slab_statistics statistics;
    void *objects[300];

    machine_create(4 * MEBIBYTE);
    slab_cache_init(&cache, "listed", 64, 0);
    for (unsigned i = 0; i < array_length(objects); i++) {
        host_equal(slab_allocate(&cache, &objects[i]), OK);
    }
    host_check(slab_statistics_read(0, &statistics));
    host_equal_text(statistics.name, "listed");
    host_equal(statistics.object_bytes, 64);
    host_equal(statistics.in_use, 300);
    host_equal(statistics.in_use_most, 300);
    host_check(statistics.capacity >= 300);
    host_equal(statistics.frames, frame_owned_count(FRAME_OWNER_SLAB));
    for (unsigned i = 0; i < array_length(objects); i++) {
        slab_free(&cache, objects[i]);
    }
    host_check(slab_statistics_read(0, &statistics));
    host_equal(statistics.in_use, 0);
    host_equal(statistics.in_use_most, 300);
    host_check(!slab_statistics_read(1, &statistics));
}

HOST_TEST(HSL0006, "memory of every size never overlaps in random use, and all returns")
{
    static struct held held[400];
    size_t free_before;
    unsigned count = 0;

    machine_create(64 * MEBIBYTE);
    kmalloc_init();
    free_before = frame_free_count();
    for (unsigned step = 0; step < 20000; step++) {
        if (host_random_below(step < 12000 ? 3 : 5) < 2 && count < array_length(held)) {
            size_t bytes = 1 + host_random_below(1ul << host_random_below(17));
            bool zeroed = host_random_below(2);
            void *memory = NULL;

            host_equal(zeroed ? kzalloc(bytes, &memory) : kmalloc(bytes, &memory), OK);
            host_equal((uintptr_t)memory % 16, 0);
            held[count] = (struct held){.object = memory, .bytes = bytes};
            if (zeroed) {
                check_mark(&held[count]);
            }
            mark(&held[count++]);
        } else if (count > 0) {
            unsigned index = (unsigned)host_random_below(count);

            check_mark(&held[index]);
            kfree(held[index].object);
            held[index] = held[--count];
        }
    }
    while (count > 0) {
        kfree(held[--count].object);
    }
    kfree(NULL);
    slab_reap();
    host_equal(frame_free_count(), free_before);
    host_equal(slab_objects_in_use(), 0);
}

HOST_TEST(HSL0007, "sizes out of range and wrong addresses of memory are refused")
{
    char other;
    void *memory = &other;

    machine_create(16 * MEBIBYTE);
    kmalloc_init();
    host_equal(kmalloc(0, &memory), ERROR_INVALID);
    host_equal(kmalloc((PAGE_BYTES << BUDDY_ORDER_MAX) + 1, &memory), ERROR_NO_MEMORY);
    host_equal(kmalloc(SIZE_MAX, &memory), ERROR_NO_MEMORY);
    host_check(memory == &other);
    host_equal(kmalloc(PAGE_BYTES << BUDDY_ORDER_MAX, &memory), OK);
    host_panics(kfree((char *)memory + 16), "never returned it");
    host_panics(kfree((char *)memory + PAGE_BYTES), "never returned it");
    kfree(memory);
    host_panics(kfree(memory), "free already");
    host_panics(kfree(&other), "never returned it");
}

static struct slab_cache shared;

static void churn(unsigned cpu)
{
    static __thread uint64_t *held[200];
    unsigned count = 0;
    uint64_t state = cpu * 104729 + 1;

    for (unsigned step = 0; step < 40000; step++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        if ((state >> 33) % 5 < 3 - step / 1000 % 2 && count < array_length(held)) {
            void *object;

            if (slab_allocate(&shared, &object) == OK) {
                held[count] = object;
                *held[count++] = (uintptr_t)object ^ cpu;
            }
        } else if (count > 0) {
            unsigned index = (unsigned)(state >> 35) % count;

            host_equal(*held[index], (uintptr_t)held[index] ^ cpu);
            slab_free(&shared, held[index]);
            held[index] = held[--count];
        }
    }
    while (count-- > 0) {
        slab_free(&shared, held[count]);
    }
    slab_reap();
}

HOST_TEST(HSL0008, "four CPUs at once never get the same object, and no slab is lost")
{
    machine_create(8 * MEBIBYTE);
    host_cpus_create(4);
    slab_cache_init(&shared, "shared", 48, 0);
    host_cpus_run(4, churn);
    host_equal(shared.in_use, 0);
    slab_cache_destroy(&shared);
    host_equal(frame_free_count(), frame_total_count());
}
