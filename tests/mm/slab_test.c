/* Objects and memory of any size in the running kernel. The host tests (tests/host) check more. */
#include "mm/heap/slab.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/heap/kmalloc.h"
#include "mm/heap/vmalloc.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/run_down.h"
#include "tests/test.h"

#define OBJECTS 500

static uint64_t *objects[OBJECTS];

TEST(SLB0001, "objects do not overlap, and an empty cache holds no memory", ALWAYS)
{
    static struct slab_cache cache;
    unsigned count = 0;

    slab_cache_init(&cache, "test", 72, 64);
    while (count < OBJECTS && slab_allocate(&cache, (void **)&objects[count]) == OK) {
        test_equal((uintptr_t)objects[count] % 64, 0);
        for (unsigned i = 0; i < 9; i++) {
            objects[count][i] = count * 9 + i;
        }
        count++;
    }
    test_equal(count, OBJECTS);
    test_equal(cache.in_use, count);
    while (count-- > 0) {
        for (unsigned i = 0; i < 9; i++) {
            test_equal(objects[count][i], count * 9 + i);
        }
        slab_free(&cache, objects[count]);
    }
    test_equal(cache.in_use, 0);
    slab_reap();
    test_equal(cache.slabs, 0);
    slab_cache_destroy(&cache);
}

TEST(SLB0002,
     "memory of every size from 1 byte to 4 MiB is allocated, keeps its bytes, and is freed",
     ALWAYS)
{
    for (size_t bytes = 1; bytes <= 4UL << 20; bytes += 1 + bytes * 3 / 4) {
        char *memory;
        int error = kzalloc(bytes, (void **)&memory);

        if (error == ERROR_NO_MEMORY && bytes > 256UL << 10) {
            break; /* a small machine has no large block left */
        }
        test_equal(error, OK);
        if (error != OK) {
            return;
        }
        test_equal(memory[0], 0);
        test_equal(memory[bytes - 1], 0);
        memset(memory, 0x77, bytes);
        test_equal(memory[bytes / 2], 0x77);
        kfree(memory);
    }
}

TEST(SLB0003,
     "without memory, objects, blocks and regions are refused with an error, and nothing leaks",
     ALWAYS)
{
    static struct slab_cache cache;
    unsigned count = 0;
    struct run_down all;
    void *memory = &all;
    int object, small = OK, large, region;

    slab_cache_init(&cache, "test", 1000, 0);
    slab_reap();
    run_down_begin();
    run_down_take(&all);
    object = slab_allocate(&cache, &memory);
    while (count < OBJECTS && (small = kmalloc(2000, (void **)&objects[count])) == OK) {
        count++; /* objects from slabs that are there already */
    }
    large = kmalloc(100000, &memory);
    region = vmalloc(100000, 0, "test", &memory);
    run_down_give_back(&all);
    run_down_end();

    test_equal(object, ERROR_NO_MEMORY);
    test_equal(small, ERROR_NO_MEMORY);
    test_equal(large, ERROR_NO_MEMORY);
    test_equal(region, ERROR_NO_MEMORY);
    test_check(memory == &all);
    test_equal(cache.slabs, 0);
    while (count-- > 0) {
        kfree(objects[count]);
    }
    slab_cache_destroy(&cache);
}

static struct slab_cache shared;

static void churn(unsigned cpu)
{
    uint64_t *held[32];
    unsigned count = 0;
    uint32_t random = cpu * 2654435761u + 1;

    for (unsigned step = 0; step < 4000; step++) {
        random = random * 1664525 + 1013904223;
        if (random >> 31 && count < array_length(held)) {
            if (slab_allocate(&shared, (void **)&held[count]) == OK) {
                *held[count] = (uintptr_t)held[count] ^ cpu;
                count++;
            }
        } else if (count > 0) {
            count--;
            test_equal(*held[count], (uintptr_t)held[count] ^ cpu);
            slab_free(&shared, held[count]);
        }
    }
    while (count-- > 0) {
        slab_free(&shared, held[count]);
    }
}

TEST(SLB0004, "all CPUs at once never get the same object", ALWAYS)
{
    slab_cache_init(&shared, "test", 48, 0);
    test_on_each_cpu(churn);
    test_equal(shared.in_use, 0);
    slab_cache_destroy(&shared);
}

TEST(SLB0005,
     "an object can be allocated and freed a thousand times; the cheapest round is printed", ALWAYS)
{
    static struct slab_cache cache;
    uint64_t least = UINT64_MAX;

    slab_cache_init(&cache, "test", 64, 0);
    for (unsigned round = 0; round < 1000; round++) {
        uint64_t start = tsc_read_ordered(), ticks;
        void *object;

        if (slab_allocate(&cache, &object) != OK) {
            test_fail(__FILE__, __LINE__, "no object");
            break;
        }
        slab_free(&cache, object);
        ticks = tsc_read_ordered() - start;
        least = ticks < least ? ticks : least;
    }
    slab_cache_destroy(&cache);
    test_note("an object and back: %lu ticks at best of 1000", least);
}
