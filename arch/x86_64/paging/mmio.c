/*
 * Mappings of devices: registers and framebuffers. They are never removed. Their addresses are
 * taken in ascending order from the upper half of the area of vmalloc(); an unmapped page follows
 * each range.
 */
#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"

#define MMIO_BASE (VMALLOC_BASE + VMALLOC_BYTES / 2)

static uintptr_t mmio_next = MMIO_BASE;
static struct spinlock mmio_lock = SPINLOCK("device mappings");

bool (*mmio_is_ram)(physical_t base, uint64_t bytes);

/* Returns what is wrong with a range for a device's registers, in words, or a null pointer. */
static const char *complaint_about(physical_t physical, size_t bytes)
{
    physical_t end = 1UL << cpu_physical_bits();
    if (physical >= end || bytes > end - physical) {
        return "the CPU has no such physical addresses";
    }
    if (mmio_is_ram != NULL && mmio_is_ram(physical, bytes)) {
        return "there is RAM";
    }
    return NULL;
}

static void *device_map(physical_t physical, size_t bytes, uint64_t type)
{
    const char *complaint = complaint_about(physical, bytes);
    if (complaint != NULL) {
        log_warn("no device can be at 0x%llx to 0x%llx: %s; it is not used",
                 (unsigned long long)physical, (unsigned long long)(physical + bytes - 1),
                 complaint);
        return NULL;
    }
    physical_t first = align_down(physical, PAGE_BYTES);
    size_t whole_bytes = align_up(physical + bytes, PAGE_BYTES) - first;

    uint64_t saved = spin_lock_irq_save(&mmio_lock);
    uintptr_t address = mmio_next;
    mmio_next += whole_bytes + PAGE_BYTES;
    spin_unlock_irq_restore(&mmio_lock, saved);

    int error = paging_map(address, first, whole_bytes, PAGE_KERNEL_DATA | type);
    if (error != OK) {
        log_error("cannot map device memory at 0x%llx: %s", (unsigned long long)physical,
                  error_name(error));
        return NULL;
    }
    return (void *)(address + (physical - first));
}

void *mmio_map(physical_t physical, size_t bytes)
{
    return device_map(physical, bytes, PAGE_UNCACHED);
}

void *mmio_map_combining(physical_t physical, size_t bytes)
{
    return device_map(physical, bytes, PAGE_COMBINING);
}

bool mmio_is_mapped(physical_t base, uint64_t bytes)
{
    uintptr_t end = __atomic_load_n(&mmio_next, __ATOMIC_ACQUIRE);
    for (uintptr_t at = MMIO_BASE; at < end; at += PAGE_BYTES) {
        struct paging_walk walk;
        paging_walk(at, &walk);
        if (walk.present && (walk.entries[walk.levels - 1] & PAGE_UNCACHED) == PAGE_UNCACHED &&
            walk.physical < base + bytes && base < walk.physical + PAGE_BYTES) {
            return true;
        }
    }
    return false;
}
