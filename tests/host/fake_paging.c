/* Page tables for the host unit tests. See fake_paging.h. */
#include "tests/host/fake_paging.h"

#include <sys/mman.h>

#include "arch/x86_64/apic/shootdown.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "lib/error.h"

bool fake_tables_fail;
void (*fake_shootdown)(uintptr_t address, size_t bytes);

/* Entry code would call this handler; mm registers it. */
struct trap_frame *(*page_fault_handler)(struct trap_frame *frame);
struct trap_frame *(*fred_page_fault_handler)(struct trap_frame *frame);
bool (*entry_stack_fill)(struct trap_frame *frame, uintptr_t address, size_t bytes);
void (*entry_return_check)(void);

/* A test process has no entry stacks. */
bool entry_stack_find(uintptr_t address maybe_unused, unsigned *cpu maybe_unused,
                      unsigned *kind maybe_unused)
{
    return false;
}

const char *entry_stack_name(unsigned kind maybe_unused)
{
    return "";
}

static uintptr_t stack_region(unsigned size)
{
    return STACK_OBJECT_BASE + size * STACK_REGION_BYTES;
}

static void memory_create_at(uintptr_t address, size_t bytes)
{
    void *wanted = (void *)align_down(address, PAGE_BYTES);

    if (mmap(wanted, align_up(bytes, PAGE_BYTES), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != wanted) {
        panic("no host memory at 0x%lx", address);
    }
}

__attribute__((constructor)) static void window_create(void)
{
    memory_create_at((uintptr_t)paging_leaf(VMALLOC_BASE), FAKE_REGION_PAGES * sizeof(uint64_t));
    for (unsigned size = 0; size < STACK_SIZES; size++) {
        memory_create_at((uintptr_t)paging_leaf(stack_region(size)),
                         FAKE_STACK_BYTES / PAGE_BYTES * sizeof(uint64_t));
    }
}

void host_stack_object_create(void)
{
    for (unsigned size = 0; size < STACK_SIZES; size++) {
        memory_create_at(stack_region(size), FAKE_STACK_BYTES);
    }
}

int paging_tables_create(uintptr_t address maybe_unused, size_t bytes maybe_unused)
{
    return fake_tables_fail ? ERROR_NO_MEMORY : OK;
}

int paging_map(uintptr_t address, physical_t physical, size_t bytes, uint64_t flags)
{
    for (size_t done = 0; done < bytes; done += PAGE_BYTES) {
        if (*paging_leaf(address + done) & PAGE_PRESENT) {
            return ERROR_EXISTS;
        }
        *paging_leaf(address + done) = (physical + done) | flags;
    }
    return OK;
}

void paging_unmap(uintptr_t address, size_t bytes)
{
    for (size_t done = 0; done < bytes; done += PAGE_BYTES) {
        *paging_leaf(address + done) = 0;
    }
}

void paging_walk(uintptr_t address, struct paging_walk *walk)
{
    uint64_t entry = *paging_leaf(address);

    *walk = (struct paging_walk){.levels = 4,
                                 .entries = {0, 0, 0, entry},
                                 .present = entry & PAGE_PRESENT,
                                 .physical = entry & PAGE_ADDRESS_MASK,
                                 .page_bytes = PAGE_BYTES};
}

bool paging_is_present(uintptr_t address)
{
    return *paging_leaf(address) & PAGE_PRESENT;
}
