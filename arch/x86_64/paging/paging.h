/*
 * Page-table primitives: four levels, kernel half. A change of the tables takes a lock with
 * interrupts off; a read of an entry takes none. Source: SDM volume 3A, chapter 4.
 *
 * An entry that becomes present needs no TLB flush. An entry that becomes absent needs one on every
 * CPU before its frame is used again. paging_unmap() flushes the calling CPU only; its caller makes
 * the other CPUs do so (apic/shootdown.h).
 */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/types.h"

#define PAGE_PRESENT    (1UL << 0)
#define PAGE_WRITABLE   (1UL << 1)
#define PAGE_USER       (1UL << 2)
#define PAGE_COMBINING  (1UL << 3) /* PWT: stores are combined, see page_attributes.h */
#define PAGE_UNCACHED   (3UL << 3) /* PCD and PWT */
#define PAGE_ACCESSED   (1UL << 5)
#define PAGE_DIRTY      (1UL << 6)
#define PAGE_LARGE      (1UL << 7)
#define PAGE_GLOBAL     (1UL << 8)
#define PAGE_NO_EXECUTE (1UL << 63)

#define PAGE_ADDRESS_MASK 0x000ffffffffff000UL

/* Rights of ordinary kernel data. */
#define PAGE_KERNEL_DATA                                                                           \
    (PAGE_PRESENT | PAGE_WRITABLE | PAGE_GLOBAL | PAGE_ACCESSED | PAGE_DIRTY | PAGE_NO_EXECUTE)

/*
 * Hook: takes a frame for a page table; it need not be zeroed. Returns OK or an error. Context:
 * ATOMIC.
 */
extern int (*paging_frame_source)(physical_t *frame);

/*
 * Creates the kernel's top-level table, empty but for the recursive mapping. All functions below
 * work on it. Context: boot, once. Errors: those of the frame source.
 */
must_check int paging_root_create(void);

/* Loads the kernel's tables into CR3 of the calling CPU. Context: boot of each CPU. */
void paging_activate(void);

/* Returns the physical address of the kernel's top-level table. Context: ANY. */
physical_t paging_root(void);

/*
 * Maps [address, address + bytes) to `physical` with the rights in `flags`. If `flags` has
 * PAGE_LARGE, large pages are used where the alignment allows. No page of the range may be mapped
 * yet. After an error, pages that were mapped before it stay mapped. Takes the paging lock.
 * Context: THREAD or ATOMIC. Errors: ERROR_INVALID (not whole pages, or writable and executable),
 * ERROR_EXISTS, ERROR_RANGE (no region of layout.h is near), and those of the frame source.
 */
must_check int paging_map(uintptr_t address, physical_t physical, size_t bytes, uint64_t flags);

/*
 * Clears the leaf entries of the pages that are mapped in the range, which must not be large pages,
 * and flushes their translations on the calling CPU. Takes no lock: the caller owns the range. Page
 * tables stay. Context: THREAD or ATOMIC; the caller does the shootdown.
 */
void paging_unmap(uintptr_t address, size_t bytes);

/*
 * Replaces the rights of mapped pages and flushes their translations on the calling CPU. Splits
 * large pages where necessary. After an error, pages before the one that failed have the new
 * rights. Takes the paging lock. Context: THREAD or ATOMIC. Errors: ERROR_INVALID (writable and
 * executable), ERROR_NOT_FOUND (a page is not mapped), and those of the frame source.
 */
must_check int paging_protect(uintptr_t address, size_t bytes, uint64_t flags);

/*
 * Creates the missing leaf tables of the range, with all entries 0. Takes the paging lock. Context:
 * THREAD or ATOMIC. Errors: ERROR_RANGE (no region of layout.h is near), ERROR_EXISTS (a large page
 * is mapped there), and those of the frame source.
 */
must_check int paging_tables_create(uintptr_t address, size_t bytes);

/*
 * Creates the missing top-level entries of all regions of the kernel half. After that no top-level
 * entry is created any more, so the page tables of tasks can copy them. Context: boot, once.
 * Errors: those of the frame source.
 */
must_check int paging_top_level_create(void);

struct paging_walk {
    unsigned levels;     /* the number of entries that were read: 1 to 4 */
    uint64_t entries[4]; /* from the top level down */
    bool present;        /* a page is mapped */
    physical_t physical; /* the physical address, if present */
    size_t page_bytes;   /* 4 KiB, 2 MiB or 1 GiB, if present */
};

/*
 * Reads the entries that the CPU would read to translate an address, in the tables that CR3 names.
 * Takes no lock and never faults. Context: ANY.
 */
void paging_walk(uintptr_t address, struct paging_walk *walk);

/* Returns true if a page is mapped at the address. Takes no lock and never faults. Context: ANY. */
bool paging_is_present(uintptr_t address);

/*
 * Returns the leaf entry of an address, by arithmetic on the recursive mapping; the leaf table must
 * exist. The recursive mapping is an entry of the top-level table that names that table itself, so
 * that the CPU finds page tables where it looks for pages. Context: ANY.
 */
static always_inline volatile uint64_t *paging_leaf(uintptr_t address)
{
    return (volatile uint64_t *)(PAGE_RECURSIVE_BASE + ((address & 0x0000fffffffff000UL) >> 9));
}

/*
 * Maps device registers, uncached, for good. Addresses come from firmware and loader, so they are
 * checked. Returns NULL, with a log line, if a byte lies beyond the physical addresses of the CPU
 * or in RAM, or if memory is short. Context: boot or THREAD.
 */
void *mmio_map(physical_t physical, size_t bytes);

/*
 * Returns whether a byte of [base, base + bytes) lies in a page that mmio_map() has mapped. User
 * mode gets no such page, because a driver of the kernel uses it. Context: THREAD.
 */
bool mmio_is_mapped(physical_t base, uint64_t bytes);

/*
 * Maps memory of a device that is only written, such as a framebuffer, for good. The CPU combines
 * stores into bursts; SFENCE makes it send stores that it still holds back. Checks the addresses as
 * mmio_map() does: returns NULL, with a log line, if a byte lies beyond the physical addresses of
 * the CPU or in RAM, or if memory is short. Context: boot or THREAD.
 */
void *mmio_map_combining(physical_t physical, size_t bytes);

/*
 * Hook: returns whether a byte of [base, base + bytes) is RAM. Until it is set, no range is.
 * Context: that of mmio_map().
 */
extern bool (*mmio_is_ram)(physical_t base, uint64_t bytes);
