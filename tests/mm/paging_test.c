/* The live page tables: which pages are mapped, and with which rights. */
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/vmalloc.h"
#include "mm/space/layout_check.h"
#include "tests/test.h"

extern char __text_start[], __rodata_start[], __data_start[], __boot_stack_guard[];

static uint64_t leaf_of(uintptr_t address)
{
    struct paging_walk walk;
    paging_walk(address, &walk);
    return walk.present ? walk.entries[walk.levels - 1] : 0;
}

TEST(PAG0001, "the boot's check of all tables against the layout holds on the running machine",
     ALWAYS)
{
    layout_check(); /* panics if not */
    test_check(paging_is_present((uintptr_t)__text_start));
}

TEST(PAG0002, "kernel text is read and execute; its alias in the direct map is read only", ALWAYS)
{
    uint64_t text = leaf_of((uintptr_t)__text_start);
    uint64_t alias = leaf_of(DIRECT_MAP_BASE + virtual_to_physical(__text_start));
    test_check(text != 0 && !(text & PAGE_WRITABLE) && !(text & PAGE_NO_EXECUTE));
    test_check(alias != 0 && !(alias & PAGE_WRITABLE) && (alias & PAGE_NO_EXECUTE));
    test_equal(text & PAGE_ADDRESS_MASK, alias & PAGE_ADDRESS_MASK);
}

TEST(PAG0003, "page 0, the lower half and the boot stack's guard are not mapped", ALWAYS)
{
    const volatile uint64_t *top = physical_to_virtual(paging_root());
    for (unsigned i = 0; i < 256; i++) {
        test_equal(top[i], 0);
    }
    test_check(!paging_is_present(0));
    test_check(!paging_is_present((uintptr_t)__boot_stack_guard));
}

TEST(PAG0004, "every entry stack of every CPU is backed whole, with guards on both sides", ALWAYS)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        for (unsigned kind = 1; kind < ENTRY_KINDS; kind++) {
            uintptr_t bottom = entry_stack_bottom(cpu, kind), top = entry_stack_top(cpu, kind);
            for (uintptr_t page = bottom; page < top; page += PAGE_BYTES) {
                test_check(paging_is_present(page));
            }
            test_check(!paging_is_present(bottom - PAGE_BYTES));
            test_check(!paging_is_present(top));
        }
    }
}

TEST(PAG0005, "protections that CPUID reports are on: NX, write-protect, SMEP, SMAP, UMIP", ALWAYS)
{
    struct cpuid_result features = {0};
    if (cpuid(0, 0).eax >= 7) {
        features = cpuid(7, 0);
    }
    uint64_t cr4 = cr4_read();
    test_check(cr0_read() & CR0_WRITE_PROTECT);
    test_check(msr_read(MSR_EFER) & (1UL << 11));
    test_equal((cr4 & CR4_SMEP) != 0, features.ebx >> 7 & 1);
    test_equal((cr4 & CR4_SMAP) != 0, features.ebx >> 20 & 1);
    test_equal((cr4 & CR4_UMIP) != 0, features.ecx >> 2 & 1);
}

TEST(PAG0006, "a mapping that is writable and executable, or not of whole pages, is refused",
     ALWAYS)
{
    physical_t frame;
    test_equal(frame_allocate(FRAME_OWNER_TEST, &frame), OK);
    uintptr_t place = VMALLOC_BASE + VMALLOC_BYTES - 16 * PAGE_BYTES;
    test_equal(paging_map(place, frame, PAGE_BYTES, PAGE_PRESENT | PAGE_WRITABLE), ERROR_INVALID);
    test_equal(paging_map(place + 1, frame, PAGE_BYTES, PAGE_KERNEL_DATA), ERROR_INVALID);
    test_equal(paging_map(place, frame, 100, PAGE_KERNEL_DATA), ERROR_INVALID);
    test_check(!paging_is_present(place));
    frame_free(frame, FRAME_OWNER_TEST);
}

TEST(PAG0009, "a change of rights maps no page, and gives none that are writable and executable",
     ALWAYS)
{
    uintptr_t guard = (uintptr_t)__boot_stack_guard; /* has a leaf table, and is not mapped */
    test_equal(paging_protect(guard, PAGE_BYTES, PAGE_KERNEL_DATA), ERROR_NOT_FOUND);
    test_equal(paging_protect(guard, PAGE_BYTES, PAGE_PRESENT | PAGE_WRITABLE), ERROR_INVALID);
    test_check(!paging_is_present(guard));
}

TEST(PAG0007, "the recursive mapping shows the same leaf entries as a walk by hand", ALWAYS)
{
    unsigned local;
    uintptr_t places[] = {(uintptr_t)__text_start, (uintptr_t)__data_start, (uintptr_t)&local,
                          entry_stack_bottom(0, ENTRY_NMI)};
    for (size_t i = 0; i < array_length(places); i++) {
        struct paging_walk walk;
        paging_walk(places[i], &walk);
        test_equal(walk.levels, 4);
        uint64_t seen = *paging_leaf(places[i]);
        test_equal(seen & ~(PAGE_ACCESSED | PAGE_DIRTY),
                   walk.entries[3] & ~(PAGE_ACCESSED | PAGE_DIRTY));
    }
}

TEST(PAG0008, "a walk of an address that is not canonical finds nothing", ALWAYS)
{
    test_check(!paging_is_present(0x0000800000000000UL));
    test_check(!paging_is_present(0xffff7fffffffffffUL));
    test_check(!paging_is_present(0x1234567812345678UL));
    /* The tables are indexed by bits 47 to 12, and these lead to a page that is mapped. */
    uintptr_t mapped = (uintptr_t)__text_start;
    test_check(!paging_is_present(mapped & 0x0000ffffffffffffUL));
    test_check(!paging_is_present(mapped ^ 1UL << 63));
    test_check(!paging_is_present(mapped ^ 1UL << 48));
}

TEST(PAG0010, "a CPU that unmaps a page does not use the old translation afterwards", ALWAYS)
{
    void *region;
    physical_t other;
    if (vmalloc(PAGE_BYTES, VMALLOC_ZEROED, "test", &region) != OK) {
        test_fail(__FILE__, __LINE__, "no memory for a region");
        return;
    }
    if (frame_allocate(FRAME_OWNER_TEST, &other) != OK) {
        vfree(region);
        test_fail(__FILE__, __LINE__, "no memory for a frame");
        return;
    }
    volatile uint64_t *word = region;
    uintptr_t page = (uintptr_t)region;
    *(uint64_t *)physical_to_virtual(other) = 2;
    uint64_t flags = interrupts_save(); /* the thread stays on this CPU */
    physical_t own = leaf_of(page) & PAGE_ADDRESS_MASK;
    *word = 1; /* now the CPU has the translation */
    paging_unmap(page, PAGE_BYTES);
    int error = paging_map(page, other, PAGE_BYTES, PAGE_KERNEL_DATA);
    uint64_t seen = *word;
    paging_unmap(page, PAGE_BYTES);
    int error_back = paging_map(page, own, PAGE_BYTES, PAGE_KERNEL_DATA);
    uint64_t seen_back = *word;
    interrupts_restore(flags);
    vfree(region);
    frame_free(other, FRAME_OWNER_TEST);
    test_equal(error, OK);
    test_equal(error_back, OK);
    test_equal(seen, 2);
    test_equal(seen_back, 1);
}
