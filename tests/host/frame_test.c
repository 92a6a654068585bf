/* Buddy algorithm and frame allocator, compared with a reference: one owner byte for each frame. */
#include "mm/frame/frame.h"

#include <string.h>

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "tests/host/host.h"

#define MEBIBYTE 0x100000ul

/* Makes a machine with this much memory, its first megabyte as fragmented as on a PC. */
static void machine_create(size_t bytes)
{
    static struct memory_map map;

    memory_map_init(&map);
    host_memory_create(bytes);
    host_equal(memory_map_add(&map, 0, 0x9fc00, MEMORY_USABLE), OK);
    host_equal(memory_map_add(&map, MEBIBYTE, bytes - MEBIBYTE, MEMORY_USABLE), OK);
    host_equal(memory_map_add(&map, MEBIBYTE, MEBIBYTE, MEMORY_KERNEL), OK);
    host_equal(frame_init(&map), OK);
    host_equal(frame_free_count(), frame_total_count());
    host_equal(frame_total_count() * PAGE_BYTES, memory_map_bytes(&map, MEMORY_USABLE));
}

/* Every free block is in one list, aligned, and has no free buddy of its size. */
static void check_buddy(const struct buddy *buddy)
{
    uint32_t frames = 0;

    for (unsigned order = 0; order < BUDDY_ORDER_COUNT; order++) {
        uint32_t length = 0, before = BUDDY_NONE;

        for (uint32_t at = buddy->head[order]; at != BUDDY_NONE; at = buddy->frames[at].next) {
            uint32_t other = at ^ 1u << order;

            host_equal(at % (1u << order), 0);
            host_equal(buddy->frames[at].state, FRAME_FREE);
            host_equal(buddy->frames[at].order, order);
            host_equal(buddy->frames[at].previous, before);
            if (order < BUDDY_ORDER_MAX && other < buddy->count) {
                host_check(buddy->frames[other].state != FRAME_FREE ||
                           buddy->frames[other].order != order);
            }
            before = at;
            length++;
        }
        host_equal(length, buddy->blocks[order]);
        frames += length << order;
    }
    host_equal(frames, buddy->free_count);
}

HOST_TEST(HFR0001, "the buddy algorithm agrees with a bitmap over 60000 random steps")
{
    static struct frame frames[5000];
    static bool taken[5000];
    static struct {
        uint32_t first, order;
    } blocks[5000];
    struct buddy buddy;
    unsigned count = 0, free_frames = 4700;

    buddy_init(&buddy, frames, 5000);
    buddy_add(&buddy, 3, 700);
    buddy_add(&buddy, 1000, 4000);
    memset(taken, true, sizeof(taken));
    memset(taken + 3, false, 700);
    memset(taken + 1000, false, 4000);
    check_buddy(&buddy);
    for (unsigned step = 0; step < 60000; step++) {
        unsigned order = (unsigned)host_random_below(host_random_below(BUDDY_ORDER_COUNT) + 1);

        if (host_random_below(step / 4000 % 2 ? 3 : 5) < 2 || count == 0) {
            uint32_t first;

            if (!buddy_take(&buddy, order, &first)) {
                continue;
            }
            host_equal(first % (1u << order), 0);
            host_check(first + (1u << order) <= 5000);
            for (uint32_t i = first; i < first + (1u << order) && i < 5000; i++) {
                host_check(!taken[i]);
                taken[i] = true;
            }
            blocks[count].first = first;
            blocks[count++].order = order;
            free_frames -= 1u << order;
        } else {
            unsigned index = (unsigned)host_random_below(count);

            memset(taken + blocks[index].first, false, 1u << blocks[index].order);
            buddy_put(&buddy, blocks[index].first, blocks[index].order);
            free_frames += 1u << blocks[index].order;
            blocks[index] = blocks[--count];
        }
        host_equal(buddy.free_count, free_frames);
        if (step % 500 == 0) {
            check_buddy(&buddy);
        }
    }
    while (count > 0) {
        count--;
        buddy_put(&buddy, blocks[count].first, blocks[count].order);
    }
    check_buddy(&buddy);
    host_equal(buddy.free_count, 4700);
    host_equal(buddy.blocks[BUDDY_ORDER_MAX], 3);
}

HOST_TEST(HFR0002, "frames run down to zero are all different, and all come back")
{
    size_t count = 0, free_before;
    physical_t frame;
    static physical_t frames[4096];

    machine_create(8 * MEBIBYTE);
    free_before = frame_free_count();
    while (frame_allocate(FRAME_OWNER_TEST, &frame) == OK) {
        frames[count++] = frame;
        host_equal(frame_owner_of(frame), FRAME_OWNER_TEST);
        memset(physical_to_virtual(frame), (int)count, PAGE_BYTES);
    }
    host_equal(count, free_before);
    host_equal(frame_free_count(), 0);
    host_equal(frame_owned_count(FRAME_OWNER_TEST), count);
    frame = 77;
    host_equal(frame_allocate_nowait(FRAME_OWNER_TEST, &frame), ERROR_NO_MEMORY);
    host_equal(frame_allocate_order(3, FRAME_OWNER_TEST, &frame), ERROR_NO_MEMORY);
    host_equal(frame, 77);
    for (size_t i = 0; i < count; i++) {
        host_equal(*(unsigned char *)physical_to_virtual(frames[i]), (unsigned char)(i + 1));
        frame_free(frames[i], FRAME_OWNER_TEST);
    }
    host_equal(frame_free_count(), free_before);
    host_equal(frame_owned_count(FRAME_OWNER_TEST), 0);
    host_equal(frame_allocate_order(BUDDY_ORDER_MAX, FRAME_OWNER_TEST, &frame), OK);
    frame_free_order(frame, BUDDY_ORDER_MAX, FRAME_OWNER_TEST);
}

HOST_TEST(HFR0003, "frame 0 is allocated and freed like any other")
{
    physical_t frame, zero = 1;

    machine_create(4 * MEBIBYTE);
    while (frame_allocate(FRAME_OWNER_TEST, &frame) == OK) {
        if (frame == 0) {
            zero = 0;
        }
    }
    host_equal(zero, 0);
    frame_free(0, FRAME_OWNER_TEST);
    host_equal(frame_free_count(), 1);
    host_equal(frame_allocate(FRAME_OWNER_TEST, &frame), OK);
    host_equal(frame, 0);
}

HOST_TEST(HFR0004, "free memory is never touched")
{
    physical_t frame;
    unsigned char *byte;

    machine_create(4 * MEBIBYTE);
    for (byte = (unsigned char *)physical_to_virtual(3 * MEBIBYTE);
         byte < (unsigned char *)physical_to_virtual(4 * MEBIBYTE); byte++) {
        *byte = 0x3c;
    }
    while (frame_allocate(FRAME_OWNER_TEST, &frame) == OK) {
    }
    for (byte = (unsigned char *)physical_to_virtual(3 * MEBIBYTE);
         byte < (unsigned char *)physical_to_virtual(4 * MEBIBYTE); byte++) {
        if (*byte != 0x3c) {
            host_fail(__FILE__, __LINE__, "a byte of a free frame changed");
            return;
        }
    }
}

HOST_TEST(HFR0005,
          "the per-CPU free list serves its own CPU without the lock and is drained on request")
{
    physical_t frame, frames[FRAME_BATCH];
    struct frame_statistics statistics;

    machine_create(4 * MEBIBYTE);
    interrupts_disable();
    host_equal(frame_allocate_local(FRAME_OWNER_MAGAZINE, &frame), ERROR_NO_MEMORY);
    host_equal(frame_allocate(FRAME_OWNER_TEST, &frame), OK);
    for (unsigned i = 0; i < FRAME_BATCH - 1; i++) {
        host_equal(frame_allocate_local(FRAME_OWNER_MAGAZINE, &frames[i]), OK);
    }
    host_equal(frame_allocate_local(FRAME_OWNER_MAGAZINE, &frames[FRAME_BATCH - 1]),
               ERROR_NO_MEMORY);
    for (unsigned i = 0; i < FRAME_BATCH - 1; i++) {
        frame_free(frames[i], FRAME_OWNER_MAGAZINE);
    }
    frame_free(frame, FRAME_OWNER_TEST);
    host_check(!interrupts_enabled());
    frame_statistics_read(&statistics);
    host_equal(statistics.cached, FRAME_BATCH);
    frame_cache_drain_this_cpu();
    frame_statistics_read(&statistics);
    host_equal(statistics.cached, 0);
    host_equal(statistics.free, frame_total_count());
}

HOST_TEST(HFR0006, "misuse of frames panics, and the message names it")
{
    physical_t frame, block;

    machine_create(8 * MEBIBYTE);
    host_equal(frame_allocate(FRAME_OWNER_TEST, &frame), OK);
    host_equal(frame_allocate_order(2, FRAME_OWNER_TEST, &block), OK);
    host_panics(frame_free(frame, FRAME_OWNER_SLAB), "belongs to 'test'");
    host_panics(frame_free(frame + 8, FRAME_OWNER_TEST), "three zero digits");
    host_panics(frame_free(block, FRAME_OWNER_TEST), "order 2");
    host_panics(frame_free(block + PAGE_BYTES, FRAME_OWNER_TEST), "part of a larger block");
    host_panics(frame_free_order(block, 3, FRAME_OWNER_TEST), "order 3");
    host_panics(frame_free(MEBIBYTE, FRAME_OWNER_TEST), "no such frame");
    host_panics(frame_free(0xa0000, FRAME_OWNER_TEST), "no such frame");
    host_panics(frame_free(1ull << 40, FRAME_OWNER_TEST), "no such frame");
    host_panics(frame_owner_change(frame, FRAME_OWNER_STACK, FRAME_OWNER_TEST), "belongs to");
    frame_owner_change(frame, FRAME_OWNER_TEST, FRAME_OWNER_STACK);
    host_equal(frame_owned_count(FRAME_OWNER_STACK), 1);
    frame_free(frame, FRAME_OWNER_STACK);
    host_panics(frame_free(frame, FRAME_OWNER_STACK), "free already");
    frame_cache_drain_this_cpu();
    host_panics(frame_free(frame, FRAME_OWNER_STACK), "free");
    frame_free_order(block, 2, FRAME_OWNER_TEST);
    host_panics(frame_free_order(block, 2, FRAME_OWNER_TEST), "free");
    host_equal(frame_free_count(), frame_total_count());
}

static physical_t kept[8];
static unsigned kept_count;

static bool keep_some(physical_t frame)
{
    if (kept_count == array_length(kept)) {
        return false;
    }
    kept[kept_count++] = frame;
    return true;
}

HOST_TEST(HFR0007, "while memory is short, freed frames are offered to the hook first")
{
    physical_t frame, block;

    machine_create(8 * MEBIBYTE);
    host_equal(frame_allocate(FRAME_OWNER_STACK, &frame), OK);
    host_equal(frame_allocate_order(3, FRAME_OWNER_STACK, &block), OK);
    frame_free_hook = keep_some;
    frame_free_offer(true);
    frame_free(frame, FRAME_OWNER_STACK);
    host_equal(kept_count, 1);
    host_equal(frame_owned_count(FRAME_OWNER_RESERVE), 1);
    frame_free_order(block, 3, FRAME_OWNER_STACK);
    host_equal(kept_count, 8);
    host_equal(frame_owned_count(FRAME_OWNER_RESERVE), 8);
    host_equal(frame_owned_count(FRAME_OWNER_STACK), 0);
    frame_free_offer(false);
    while (kept_count > 0) {
        frame_free(kept[--kept_count], FRAME_OWNER_RESERVE);
    }
    host_equal(frame_free_count(), frame_total_count());
}

HOST_TEST(HFR0008, "memory kept back at boot can be released later, once")
{
    size_t before;

    machine_create(8 * MEBIBYTE);
    before = frame_total_count();
    frame_release_reserved(MEBIBYTE + 1, 3 * PAGE_BYTES);
    host_equal(frame_total_count(), before + 2);
    host_equal(frame_free_count(), before + 2);
    host_panics(frame_release_reserved(MEBIBYTE, 4 * PAGE_BYTES), "in use already");
}

#ifdef INVARIANT
HOST_TEST(HFR0009, "a write to a freed frame is noticed when the frame is handed out again")
{
    physical_t frame, again;

    machine_create(4 * MEBIBYTE);
    host_equal(frame_allocate(FRAME_OWNER_TEST, &frame), OK);
    frame_free(frame, FRAME_OWNER_TEST);
    ((unsigned char *)physical_to_virtual(frame))[123] ^= 1;
    host_panics(host_equal(frame_allocate(FRAME_OWNER_TEST, &again), OK), "offset 0x78");
}
#endif

/* Random work of one CPU. A mark in each frame checks what it holds. */
static void churn(unsigned cpu)
{
    static __thread physical_t held[600];
    static __thread uint8_t orders[600];
    unsigned count = 0;
    uint64_t state = cpu * 7919 + 1;

    for (unsigned step = 0; step < 40000; step++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        if ((state >> 33) % 5 < 3 - step / 2000 % 2 && count < array_length(held)) {
            unsigned order = (state >> 40) % 16 == 0 ? (unsigned)(state >> 50) % 4 : 0;

            if (frame_allocate_order(order, FRAME_OWNER_TEST, &held[count]) == OK) {
                *(uint64_t *)physical_to_virtual(held[count]) = held[count] ^ cpu;
                orders[count++] = (uint8_t)order;
            }
        } else if (count > 0) {
            unsigned index = (unsigned)(state >> 35) % count;

            host_equal(*(uint64_t *)physical_to_virtual(held[index]), held[index] ^ cpu);
            frame_free_order(held[index], orders[index], FRAME_OWNER_TEST);
            held[index] = held[--count];
            orders[index] = orders[count];
        }
    }
    while (count-- > 0) {
        frame_free_order(held[count], orders[count], FRAME_OWNER_TEST);
    }
    frame_cache_drain_this_cpu();
}

HOST_TEST(HFR0010, "four CPUs at once never get the same frame and lose none")
{
    machine_create(8 * MEBIBYTE);
    host_cpus_create(4);
    host_cpus_run(4, churn);
    host_equal(frame_free_count(), frame_total_count());
    host_equal(frame_owned_count(FRAME_OWNER_TEST), 0);
}

HOST_TEST(HFR0011, "records of scattered memory stay small")
{
    static struct memory_map map;

    host_memory_create(256 * MEBIBYTE);
    host_equal(memory_map_add(&map, MEBIBYTE, 15 * MEBIBYTE, MEMORY_USABLE), OK);
    host_equal(memory_map_add(&map, 1ull << 38, MEBIBYTE, MEMORY_USABLE), OK);
    host_equal(frame_init(&map), OK);
    host_check(frame_total_count() > 14 * 256);
    host_check(frame_total_count() < 15 * 256);
}

HOST_TEST(HFR0012, "a machine without room for the records is refused")
{
    static struct memory_map map;

    host_memory_create(MEBIBYTE);
    host_equal(frame_init(&map), ERROR_NO_MEMORY);
}
