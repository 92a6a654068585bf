/*
 * Page-table primitives: four levels, kernel half. Changing tables takes a lock with interrupts
 * off; reading an entry takes none. Source: SDM volume 3A, chapter 4.
 *
 * Absent to present needs no TLB flush. Present to absent needs one on every CPU before the frame
 * is used again; paging_unmap() does only the calling CPU's, the rest is the caller's duty.
 */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/types.h"

#define PAGE_PRESENT    (1UL << 0)
#define PAGE_WRITABLE   (1UL << 1)
#define PAGE_USER       (1UL << 2)
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

/* Frames for page tables come from here; the frame need not be zeroed. Set before any mapping. */
void paging_frame_source_set(int (*source)(physical_t *frame));

/* Makes the kernel's own tables (empty but for the page window) the ones that are built upon. */
must_check int paging_root_create(void);

/* Loads the built tables into CR3 of the calling CPU. */
void paging_activate(void);

/* The physical address of the kernel's top-level table. */
physical_t paging_root(void);

/*
 * Maps [address, address + bytes) to physical, with exactly these rights. Large pages are used
 * where alignment allows if flags has PAGE_LARGE. Nothing may be mapped there yet. On an error
 * (ERROR_NO_MEMORY, ERROR_EXISTS) what was mapped before the error stays. Takes the paging lock.
 */
must_check int paging_map(uintptr_t address, physical_t physical, size_t bytes, uint64_t flags);

/* Clears the leaf entries of the range and forgets them on this CPU. Tables stay. */
void paging_unmap(uintptr_t address, size_t bytes);

/* Replaces the rights of mapped 4 KiB pages; splits large pages where it must. */
must_check int paging_protect(uintptr_t address, size_t bytes, uint64_t flags);

/* Makes sure that leaf tables exist for the range, with all entries 0. */
must_check int paging_tables_create(uintptr_t address, size_t bytes);

/* Makes sure that every top-level entry of the kernel half that we use exists. */
must_check int paging_top_level_create(void);

struct paging_walk {
    unsigned levels;     /* how many entries were read: 1 to 4 */
    uint64_t entries[4]; /* from the top level down */
    bool present;        /* a page is mapped */
    physical_t physical; /* where the address leads, if present */
    size_t page_bytes;   /* 4 KiB, 2 MiB or 1 GiB, if present */
};

/* Reads the walk of an address in the tables that CR3 names. No lock; any context; never faults. */
void paging_walk(uintptr_t address, struct paging_walk *walk);

/* Can this address be read without a fault? Any context; never faults. */
bool paging_is_present(uintptr_t address);

/*
 * The leaf entry of an address, seen through the page window: arithmetic, no walk. The leaf table
 * must exist. (The window is the top-level table entered into itself: the CPU then finds page
 * tables where it looks for pages.)
 */
static always_inline volatile uint64_t *paging_leaf(uintptr_t address)
{
    return (volatile uint64_t *)(PAGE_RECURSIVE_BASE + ((address & 0x0000fffffffff000UL) >> 9));
}

/* Maps device registers, uncached. NULL if memory is short. Thread context, at start-up. */
void *mmio_map(physical_t physical, size_t bytes);

/* Maps memory of firmware tables, read-only. NULL if memory is short. Thread context. */
const void *firmware_map(physical_t physical, size_t bytes);
