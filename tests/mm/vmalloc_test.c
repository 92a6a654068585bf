/* Kernel regions (vmalloc) in the running kernel, on the real page tables. */
#include "mm/heap/vmalloc.h"

#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "tests/support/on_each_cpu.h"
#include "tests/test.h"

TEST(REG0001, "a region is zeroed and writable, between two unmapped pages", ALWAYS)
{
    size_t bytes = (2UL << 20) + 3 * PAGE_BYTES; /* crosses a page table */
    uint64_t *words;
    uintptr_t start;

    int error = vmalloc(bytes, VMALLOC_ZEROED, "test", (void **)&words);
    test_equal(error, OK);
    if (error != OK) {
        return;
    }
    start = (uintptr_t)words;
    test_equal(start % PAGE_BYTES, 0);
    test_check(!paging_is_present(start - 1));
    test_check(!paging_is_present(start + bytes));
    for (size_t i = 0; i < bytes / sizeof(*words); i += 256) {
        test_equal(words[i], 0);
        words[i] = i;
    }
    for (size_t i = 0; i < bytes / sizeof(*words); i += 256) {
        test_equal(words[i], i);
    }
    vfree(words);
    for (size_t at = 0; at < bytes; at += PAGE_BYTES) {
        if (paging_is_present(start + at)) {
            test_fail(__FILE__, __LINE__, "0x%lx is still mapped", start + at);
            break;
        }
    }
}

static volatile uint64_t *watched;
static uint64_t expected;

static void watched_check(unsigned cpu maybe_unused)
{
    test_equal(*watched, expected);
}

TEST(REG0002, "after a region is freed and its addresses used again, no CPU sees the old frame",
     ALWAYS)
{
    void *first, *second;

    for (unsigned round = 0; round < 10; round++) {
        if (vmalloc(PAGE_BYTES, VMALLOC_ZEROED, "test", &first) != OK) {
            test_fail(__FILE__, __LINE__, "no region");
            return;
        }
        watched = first;
        expected = *watched = 1000 + round;
        test_on_each_cpu(watched_check);
        vfree(first);
        if (vmalloc(2 * PAGE_BYTES, VMALLOC_ZEROED, "test", &second) != OK) {
            test_fail(__FILE__, __LINE__, "no region");
            return;
        }
        test_check(first == second); /* otherwise the test shows nothing */
        watched = second;
        expected = *watched = 2000 + round;
        test_on_each_cpu(watched_check);
        vfree(second);
    }
}

TEST(REG0003, "an impossible region is refused, and leaves no frame behind", ALWAYS)
{
    size_t frames = frame_owned_count(FRAME_OWNER_VMALLOC);
    void *memory = &frames;

    test_equal(vmalloc(0, 0, "test", &memory), ERROR_INVALID);
    test_equal(vmalloc(VMALLOC_BYTES, 0, "test", &memory), ERROR_NO_MEMORY);
    test_equal(vmalloc(UINT64_MAX, 0, "test", &memory), ERROR_NO_MEMORY);
    test_equal(vmalloc((frame_total_count() + 1) * PAGE_BYTES, 0, "test", &memory),
               ERROR_NO_MEMORY);
    test_check(memory == &frames);
    test_equal(frame_owned_count(FRAME_OWNER_VMALLOC), frames);
}

TEST(REG0004, "the listing names a region, and an address in its guard is recognized", ALWAYS)
{
    struct vmalloc_information information = {.name = ""};
    void *memory;
    bool listed = false;

    if (vmalloc(3 * PAGE_BYTES, 0, "listed", &memory) != OK) {
        test_fail(__FILE__, __LINE__, "no region");
        return;
    }
    for (unsigned i = 0; vmalloc_read(i, &information); i++) {
        listed |= information.address == (uintptr_t)memory && information.bytes == 3 * PAGE_BYTES;
    }
    test_check(listed);
    test_check(vmalloc_find((uintptr_t)memory - 1, &information));
    test_equal(information.place, VMALLOC_GUARD_BELOW);
    test_check(string_equal(information.name, "listed"));
    test_check(vmalloc_find((uintptr_t)memory + 3 * PAGE_BYTES, &information));
    test_check(vmalloc_find((uintptr_t)memory + 3 * PAGE_BYTES - 1, &information));
    test_equal(information.place, VMALLOC_INSIDE);
    vfree(memory);
    test_check(!vmalloc_find((uintptr_t)memory, &information) ||
               information.address != (uintptr_t)memory);
}
