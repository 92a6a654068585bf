/*
 * Mappings of device registers and firmware tables, which are never removed. Their addresses are
 * taken in ascending order from the upper half of the region of vmalloc(); an unmapped page follows
 * each range.
 */
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"

#define MMIO_BASE (VMALLOC_BASE + VMALLOC_BYTES / 2)

static uintptr_t mmio_next = MMIO_BASE;
static struct spinlock mmio_lock = SPINLOCK("device mappings");

static void *device_map(physical_t physical, size_t bytes, uint64_t flags)
{
    physical_t first = align_down(physical, PAGE_BYTES);
    size_t whole_bytes = align_up(physical + bytes, PAGE_BYTES) - first;

    uint64_t saved = spin_lock_irq_save(&mmio_lock);
    uintptr_t address = mmio_next;
    mmio_next += whole_bytes + PAGE_BYTES;
    spin_unlock_irq_restore(&mmio_lock, saved);

    int error = paging_map(address, first, whole_bytes, flags);
    if (error != OK) {
        log_error("cannot map device memory at 0x%llx: %s", (unsigned long long)physical,
                  error_name(error));
        return NULL;
    }
    return (void *)(address + (physical - first));
}

void *mmio_map(physical_t physical, size_t bytes)
{
    return device_map(physical, bytes, PAGE_KERNEL_DATA | PAGE_UNCACHED);
}

const void *firmware_map(physical_t physical, size_t bytes)
{
    return device_map(physical, bytes, PAGE_KERNEL_DATA & ~(PAGE_WRITABLE | PAGE_DIRTY));
}
