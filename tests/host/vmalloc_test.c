/* Regions, compared with a model of the mappings. The page tables are an array. */
#include "mm/heap/vmalloc.h"

#include <string.h>

#include "arch/x86_64/apic/shootdown.h"
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/slab.h"
#include "tests/host/fake_paging.h"
#include "tests/host/host.h"

#define MEBIBYTE 0x100000ul

/* Checks that no frame is free before the shootdown. */
static void check_shootdown(uintptr_t address, size_t bytes)
{
    for (size_t done = 0; done < bytes; done += PAGE_BYTES) {
        host_check(!paging_is_present(address + done));
    }
    host_check(frame_owned_count(FRAME_OWNER_VMALLOC) >= bytes / PAGE_BYTES);
}

static void machine_create(size_t bytes)
{
    static struct memory_map map;

    host_memory_create(bytes);
    host_equal(memory_map_add(&map, 0, bytes, MEMORY_USABLE), OK);
    host_equal(frame_init(&map), OK);
    fake_shootdown = check_shootdown;
}

static size_t mapped_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < FAKE_REGION_PAGES; i++) {
        count += paging_is_present(VMALLOC_BASE + i * PAGE_BYTES);
    }
    return count;
}

HOST_TEST(HVM0001, "regions lie between guards, share no frame, and free everything")
{
    static struct {
        uintptr_t address;
        size_t pages;
    } held[40];
    unsigned count = 0;
    size_t pages = 0, free_before;

    machine_create(32 * MEBIBYTE);
    free_before = frame_free_count();
    for (unsigned step = 0; step < 3000; step++) {
        if (host_random_below(step < 2000 ? 3 : 5) < 2 && count < array_length(held)) {
            size_t bytes = 1 + host_random_below(60 * PAGE_BYTES);
            void *address;

            host_equal(vmalloc(bytes, VMALLOC_ZEROED, "test", &address), OK);
            held[count].address = (uintptr_t)address;
            held[count].pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
            for (size_t i = 0; i < held[count].pages; i++) {
                struct paging_walk walk;

                paging_walk(held[count].address + i * PAGE_BYTES, &walk);
                host_check(walk.present);
                host_equal(*(uint64_t *)physical_to_virtual(walk.physical), 0);
                memset(physical_to_virtual(walk.physical), 0xff, PAGE_BYTES);
            }
            pages += held[count++].pages;
        } else if (count > 0) {
            unsigned index = (unsigned)host_random_below(count);

            vfree((void *)held[index].address);
            pages -= held[index].pages;
            held[index] = held[--count];
        }
        host_equal(mapped_count(), pages);
        host_equal(frame_owned_count(FRAME_OWNER_VMALLOC), pages);
        for (unsigned i = 0; i < count; i++) {
            host_check(!paging_is_present(held[i].address - PAGE_BYTES));
            host_check(!paging_is_present(held[i].address + held[i].pages * PAGE_BYTES));
        }
    }
    while (count > 0) {
        vfree((void *)held[--count].address);
    }
    vfree(NULL);
    slab_reap();
    host_equal(frame_free_count(), free_before);
}

HOST_TEST(HVM0002, "a region that cannot be had leaves nothing behind")
{
    struct vmalloc_information information;
    size_t free_before;
    void *address;

    machine_create(4 * MEBIBYTE);
    host_equal(vmalloc(1, 0, "first", &address), OK);
    vfree(address);
    free_before = frame_free_count();
    address = &free_before;
    host_equal(vmalloc(0, 0, "none", &address), ERROR_INVALID);
    host_equal(vmalloc(5 * MEBIBYTE, 0, "beyond memory", &address), ERROR_NO_MEMORY);
    host_equal(vmalloc(VMALLOC_BYTES, 0, "beyond the area", &address), ERROR_NO_MEMORY);
    host_equal(vmalloc(SIZE_MAX, 0, "beyond all", &address), ERROR_NO_MEMORY);
    fake_tables_fail = true;
    host_equal(vmalloc(4096, 0, "no tables", &address), ERROR_NO_MEMORY);
    host_check(address == &free_before);
    host_equal(frame_free_count(), free_before);
    host_equal(mapped_count(), 0);
    host_check(!vmalloc_read(0, &information));
}

HOST_TEST(HVM0003, "an address is found inside a region, in a guard, or in neither")
{
    struct vmalloc_information information;
    uintptr_t address;
    void *low, *high;

    machine_create(4 * MEBIBYTE);
    host_equal(vmalloc(3 * PAGE_BYTES, 0, "low", &low), OK);
    host_equal(vmalloc(1, 0, "high", &high), OK);
    host_check(vmalloc_read(0, &information));
    host_equal_text(information.name, "low");
    host_equal(information.bytes, 3 * PAGE_BYTES);
    host_check(vmalloc_read(1, &information));
    host_equal(information.address, (uintptr_t)high);
    host_check(!vmalloc_read(2, &information));
    address = (uintptr_t)low;
    host_check(vmalloc_find(address, &information));
    host_equal(information.place, VMALLOC_INSIDE);
    host_check(vmalloc_find(address - 1, &information));
    host_equal(information.place, VMALLOC_GUARD_BELOW);
    host_check(vmalloc_find(address + 3 * PAGE_BYTES, &information));
    host_equal(information.place, VMALLOC_GUARD_ABOVE);
    host_equal_text(information.name, "low");
    host_check(vmalloc_find((uintptr_t)high - 1, &information));
    host_equal_text(information.name, "high");
    host_equal(information.place, VMALLOC_GUARD_BELOW);
    host_check(!vmalloc_find((uintptr_t)high + 2 * PAGE_BYTES, &information));
    host_check(!vmalloc_find(0, &information));
    host_check(!vmalloc_find(UINTPTR_MAX, &information));
}

HOST_TEST(HVM0004, "a wrong address freed as a region panics")
{
    void *address;

    machine_create(4 * MEBIBYTE);
    host_equal(vmalloc(2 * PAGE_BYTES, 0, "test", &address), OK);
    host_panics(vfree((char *)address + PAGE_BYTES), "none begins there");
}

HOST_TEST(HVM0005, "a region freed twice panics")
{
    void *address, *other;

    machine_create(4 * MEBIBYTE);
    host_equal(vmalloc(PAGE_BYTES, 0, "one", &address), OK);
    host_equal(vmalloc(PAGE_BYTES, 0, "two", &other), OK);
    vfree(other);
    host_panics(vfree(other), "none begins there");
}
