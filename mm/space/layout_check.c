/*
 * Compares the live page tables with the layout and rights of layout.h and kernel_space.c. The walk
 * visits every leaf entry once. It skips the recursive mapping, where it would meet the tables a
 * second time.
 */
#include "mm/space/layout_check.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/paging/paging.h"
#include "mm/stack/stack_size.h"

extern char __kernel_start[], __text_start[], __text_end[], __rodata_end[], __kernel_end[];
extern char __boot_stack_guard[];

struct region {
    const char *name;
    uintptr_t base;
    uintptr_t end;
};

static const struct region regions[] = {
    {"direct map", DIRECT_MAP_BASE, DIRECT_MAP_BASE + DIRECT_MAP_BYTES},
    {"stack object", STACK_OBJECT_BASE, STACK_OBJECT_BASE + STACK_OBJECT_BYTES},
    {"kernel regions", VMALLOC_BASE, VMALLOC_BASE + VMALLOC_BYTES},
    {"entry stacks", ENTRY_STACK_BASE, ENTRY_STACK_BASE + CPU_MAX *ENTRY_STACK_CPU_STRIDE},
    {"kernel image", KERNEL_BASE + KERNEL_PHYSICAL, KERNEL_BASE + 0x40000000},
};

static noreturn_function void complain(uintptr_t address, uint64_t entry, const char *what)
{
    panic("page tables: %p (entry 0x%llx) %s; compare arch/x86_64/cpu/layout.h with the walk "
          "(monitor: "
          "pte)",
          (void *)address, (unsigned long long)entry, what);
}

static bool in_range(uintptr_t address, const char *start, const char *end)
{
    return address >= (uintptr_t)start && address < (uintptr_t)end;
}

static void leaf_check(uintptr_t address, uint64_t entry, size_t bytes)
{
    const struct region *region = NULL;
    for (size_t i = 0; i < array_length(regions); i++) {
        if (address >= regions[i].base && address < regions[i].end) {
            region = &regions[i];
        }
    }
    if (region == NULL) {
        complain(address, entry, "lies in no region");
    }
    bool writable = entry & PAGE_WRITABLE, executable = !(entry & PAGE_NO_EXECUTE);
    bool is_text = in_range(address, __text_start, __text_end);
    if (writable && executable) {
        complain(address, entry, "is writable and executable");
    }
    if (executable != is_text) {
        complain(address, entry,
                 is_text ? "is kernel text, and not executable"
                         : "is executable, and not kernel text");
    }
    if (writable && in_range(address, __text_start, __rodata_end)) {
        complain(address, entry, "is read-only data, and writable");
    }
    if (entry & PAGE_USER) {
        complain(address, entry, "belongs to the kernel, and is open to user mode");
    }
    if (address == (uintptr_t)__boot_stack_guard) {
        complain(address, entry, "is the guard of the boot stack, and mapped");
    }
    uint32_t slot;
    if (stack_slot_find(address, &slot) && address < stack_bottom(slot)) {
        complain(address, entry, "is the guard of a stack, and mapped");
    }
    if (region == &regions[0]) {
        physical_t physical = entry & PAGE_ADDRESS_MASK & ~(physical_t)(bytes - 1);
        physical_t text = virtual_to_physical(__text_start),
                   end = virtual_to_physical(__rodata_end);
        if (physical != address - DIRECT_MAP_BASE) {
            complain(address, entry, "is in the direct map, and leads elsewhere");
        }
        if (writable && physical < end && physical + bytes > text) {
            complain(address, entry, "is the alias of kernel text, and writable");
        }
    }
}

static void table_check(const uint64_t *table, unsigned level, uintptr_t base)
{
    for (unsigned i = 0; i < 512; i++) {
        uint64_t entry = table[i];
        uintptr_t address = base + ((uintptr_t)i << (12 + 9 * level));
        if (level == 3 && i >= 256) {
            address |= 0xffff000000000000UL;
        }
        if (!(entry & PAGE_PRESENT) || (level == 3 && i == PAGE_RECURSIVE_INDEX)) {
            continue;
        }
        if (level == 3 && i < 256) {
            complain(address, entry, "maps the lower half, which belongs to user mode");
        }
        if (level == 0 || (entry & PAGE_LARGE)) {
            leaf_check(address, entry, PAGE_BYTES << (9 * level));
        } else {
            table_check(physical_to_virtual(entry & PAGE_ADDRESS_MASK), level - 1, address);
        }
    }
}

void layout_check(void)
{
    table_check(physical_to_virtual(paging_root()), 3, 0);
}
