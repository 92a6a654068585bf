/* Nodes of memory in the frame allocator, and the frame at physical address 0. */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/frame/numa_node.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_fault.h"
#include "tests/host/host.h"
#include "tests/host/stack_machine.h"

#define FRAMES_MAX 16384
#define BLOCK      (4 * MEBIBYTE) /* node borders are rounded to it */

static physical_t held[FRAMES_MAX];

/* Makes 40 MiB: the part below `border` is near CPU 0, the rest is near CPU 1. */
static void machine_create(physical_t border, struct acpi_affinity *affinity)
{
    static struct memory_map map;

    *affinity = (struct acpi_affinity){
        .domain_count = 2,
        .names = {7, 3},
        .range_count = 2,
        .ranges = {{border, 40 * MEBIBYTE - border, 1}, {0, border, 0}},
        .processor_count = 2,
        .processors = {{.apic_id = 0, .domain = 0}, {.apic_id = 4, .domain = 1}},
    };
    memory_map_init(&map);
    host_memory_create(40 * MEBIBYTE);
    host_cpus_create(2);
    host_equal(memory_map_add(&map, 0, 40 * MEBIBYTE, MEMORY_USABLE), OK);
    numa_node_init(affinity, &map);
    host_equal(frame_init(&map), OK);
    frame_node_set(0, numa_node_of_processor(0));
    frame_node_set(1, numa_node_of_processor(4));
    frame_free_offer(false);
}

static void machine_forget(void)
{
    static const struct acpi_affinity nothing;
    static const struct memory_map empty;

    fake_cpu = 0;
    frame_node_set(0, 0);
    frame_node_set(1, 0);
    numa_node_init(&nothing, &empty);
    frame_free_offer(false);
}

/* Takes all frames as CPU `cpu`, which must get its own node's first, then the other's. */
static uint32_t take_all(unsigned cpu, unsigned own)
{
    uint32_t count = 0;
    bool far = false;

    fake_cpu = cpu;
    while (count < FRAMES_MAX && frame_allocate(FRAME_OWNER_TEST, &held[count]) == OK) {
        if (numa_node_of(held[count]) != own) {
            far = true;
        } else {
            host_check(!far);
        }
        count++;
    }
    host_check(far);
    return count;
}

HOST_TEST(HNU0001,
          "each CPU gets its own node's frames first, and frees every frame to the frame's node")
{
    static struct acpi_affinity affinity;

    machine_create(20 * MEBIBYTE, &affinity);
    host_equal(numa_node_count, 2);
    host_equal(numa_node_name(1), 3);
    size_t all = frame_free_count(), first = frame_node_free_count(0);
    size_t second = frame_node_free_count(1);

    host_equal(first + second, all);
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        uint32_t count = take_all(cpu, cpu);
        host_equal(count, all);
        host_equal(frame_free_count(), 0);
        while (count > 0) {
            frame_free(held[--count], FRAME_OWNER_TEST);
        }
        frame_cache_drain_this_cpu();
        host_equal(frame_node_free_count(0), first);
        host_equal(frame_node_free_count(1), second);
    }
    machine_forget();
}

HOST_TEST(HNU0002,
          "a border within a block moves to the block's edge, so no block belongs to two nodes")
{
    static struct acpi_affinity affinity;
    static const physical_t borders[] = {18 * MEBIBYTE, 17 * MEBIBYTE + 123, 23 * MEBIBYTE};

    for (unsigned i = 0; i < array_length(borders); i++) {
        machine_create(borders[i], &affinity);
        host_equal(numa_node_of(borders[i] & ~(BLOCK - 1)), 0);
        host_equal(numa_node_of((borders[i] & ~(BLOCK - 1)) + BLOCK), 1);
        for (unsigned order = 0; order <= BUDDY_ORDER_MAX; order++) {
            uint32_t count = 0;
            fake_cpu = 1;
            while (frame_allocate_order(order, FRAME_OWNER_TEST, &held[count]) == OK) {
                host_equal(numa_node_of(held[count]),
                           numa_node_of(held[count] + (PAGE_BYTES << order) - 1));
                count++;
            }
            host_check(count > 0);
            while (count > 0) {
                frame_free_order(held[--count], order, FRAME_OWNER_TEST);
            }
        }
        machine_forget();
    }
}

HOST_TEST(HNU0003, "a SRAT that lists no memory of this machine changes nothing")
{
    static struct acpi_affinity affinity;
    static struct memory_map map;

    memory_map_init(&map);
    host_equal(memory_map_add(&map, 0, 16 * MEBIBYTE, MEMORY_USABLE), OK);
    affinity = (struct acpi_affinity){
        .domain_count = 2,
        .range_count = 2,
        .ranges = {{0, 16 * MEBIBYTE, 0}, {1UL << 40, 16 * MEBIBYTE, 1}},
        .processor_count = 1,
        .processors = {{.apic_id = 0, .domain = 1}},
    };
    numa_node_init(&affinity, &map);
    host_equal(numa_node_count, 1);
    host_equal(numa_node_of(8 * MEBIBYTE), 0);
    host_equal(numa_node_of_processor(0), 0);
    affinity.ranges[0].base = 1UL << 41; /* no listed memory exists, so node 0 has all */
    numa_node_init(&affinity, &map);
    host_equal(numa_node_count, 1);
}

HOST_TEST(
    HNU0004,
    "the frame at physical address 0 becomes a round and a stack page, and is freed, like any")
{
    uint32_t count = 0, slot;

    stack_machine_create(8 * MEBIBYTE, 1);
    fake_cpu = 0;
    host_equal(stack_create(&slot), OK);
    this_cpu(stack_use) = (struct stack_use){stack_hole_of(slot), stack_hole_of(slot)};
    size_t free_before = frame_free_count();

    host_check(stack_touch(stack_bottom(slot) + 2 * PAGE_BYTES));
    do {
        host_equal(frame_allocate(FRAME_OWNER_TEST, &held[count]), OK);
    } while (held[count++] != 0);
    host_equal(frame_owner_of(0), FRAME_OWNER_TEST);
    for (uint32_t i = 0; i < count; i++) {
        /* frame 0 comes last, so that it is allocated next */
        frame_free(held[i], FRAME_OWNER_TEST);
    }
    host_check(magazine_refill(MAGAZINE_ROUNDS_DEFAULT));
    host_equal(frame_owner_of(0), FRAME_OWNER_MAGAZINE);
    host_equal(magazine_available(), MAGAZINE_ROUNDS_DEFAULT);

    host_check(stack_touch(stack_bottom(slot) + PAGE_BYTES));
    volatile uint64_t *entries = stack_entries(slot);
    host_equal(entries[1], 0 | PAGE_KERNEL_DATA);
    host_equal(stack_pages_backed(slot), 3);
    host_equal(stack_missing(slot), 1);
    magazine_charge();
    host_equal(frame_owner_of(0), FRAME_OWNER_STACK);

    stack_destroy(slot);
    stack_cache_drain();
    host_equal(stack_reclaim(), 1);
    host_equal(frame_owner_of(0), FRAME_OWNER_FREE);
    host_check(magazine_refill(MAGAZINE_ROUNDS_DEFAULT));
    host_equal(frame_free_count(), free_before + 1);
}

/* The mark is for the memory of all nodes: that one node is empty says nothing. */
HOST_TEST(HNU0005, "an empty node does not make memory low while another has frames")
{
    static struct acpi_affinity affinity;
    machine_create(20 * MEBIBYTE, &affinity);
    frame_low = false;
    frame_low_mark_set(64);
    fake_cpu = 0;
    uint32_t count = 0;
    while (frame_node_free_count(0) != 0) {
        host_equal(frame_allocate(FRAME_OWNER_TEST, &held[count++]), OK);
    }
    for (unsigned i = 0; i < 2 * FRAME_FREE_LIST_MAX; i++) {
        host_equal(frame_allocate(FRAME_OWNER_TEST, &held[count++]), OK);
    }
    host_check(frame_node_free_count(1) > 64);
    host_check(!frame_low);
    while (frame_shared_free_count() >= 64) {
        host_equal(frame_allocate(FRAME_OWNER_TEST, &held[count++]), OK);
    }
    while (!frame_low && count < FRAMES_MAX) {
        host_equal(frame_allocate(FRAME_OWNER_TEST, &held[count++]), OK);
    }
    host_check(frame_low);
    frame_low_mark_set(0);
    frame_low = false;
    while (count > 0) {
        frame_free(held[--count], FRAME_OWNER_TEST);
    }
    machine_forget();
}

/* Four nodes of 8 MiB. Node 0 is nearest to 3, then to 2 and 1; node 2 is at one distance to all. */
HOST_TEST(HNU0010, "a node without frames is followed by the nearest one, by the SLIT's distances")
{
    static struct acpi_affinity affinity;
    static struct memory_map map;
    static const uint8_t distances[4][4] = {
        {10, 40, 30, 20}, {40, 10, 20, 255}, {30, 30, 10, 30}, {20, 40, 30, 10}};
    static const uint8_t order[4][4] = {{0, 3, 2, 1}, {1, 2, 0, 3}, {2, 3, 0, 1}, {3, 0, 2, 1}};

    affinity = (struct acpi_affinity){.domain_count = 4, .range_count = 4};
    for (unsigned node = 0; node < 4; node++) {
        affinity.ranges[node] = (struct acpi_domain_range){node * 8 * MEBIBYTE, 8 * MEBIBYTE, node};
        for (unsigned to = 0; to < 4; to++) {
            affinity.distances[node][to] = distances[node][to];
        }
    }
    memory_map_init(&map);
    host_memory_create(32 * MEBIBYTE);
    host_cpus_create(2);
    host_equal(memory_map_add(&map, 0, 32 * MEBIBYTE, MEMORY_USABLE), OK);
    numa_node_init(&affinity, &map);
    host_equal(frame_init(&map), OK);
    frame_free_offer(false);
    for (unsigned own = 0; own < 4; own++) {
        uint32_t count = 0;
        unsigned place = 0;
        fake_cpu = 0;
        frame_node_set(0, own);
        while (count < FRAMES_MAX && frame_allocate(FRAME_OWNER_TEST, &held[count]) == OK) {
            unsigned node = numa_node_of(held[count++]);
            while (place < 3 && node != order[own][place]) {
                place++;
            }
            host_equal(node, order[own][place]);
        }
        host_equal(place, 3);
        while (count > 0) {
            frame_free(held[--count], FRAME_OWNER_TEST);
        }
        frame_cache_drain_this_cpu();
    }
    machine_forget();
}
