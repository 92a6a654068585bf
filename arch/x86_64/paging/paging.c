/*
 * The page tables of the kernel half. Tables are never freed, so the address of an entry stays
 * valid and readers need no lock.
 */
#include "arch/x86_64/paging/paging.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/page_copy.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "lib/error.h"

#define ENTRIES      512
#define TABLE_RIGHTS (PAGE_PRESENT | PAGE_WRITABLE | PAGE_ACCESSED)

int (*paging_frame_source)(physical_t *frame);
static physical_t root;
static bool top_level_is_shared; /* tasks' roots copy the top-level entries of the kernel half */
static struct spinlock paging_lock = SPINLOCK("page tables");

static unsigned index_at(uintptr_t address, unsigned level)
{
    return (unsigned)(address >> (12 + 9 * level)) % ENTRIES;
}

static size_t bytes_at(unsigned level)
{
    return PAGE_BYTES << (9 * level);
}

static uint64_t *table_of(uint64_t entry)
{
    return physical_to_virtual(entry & PAGE_ADDRESS_MASK);
}

static must_check int table_create(physical_t *table)
{
    int error = paging_frame_source(table);
    if (error == OK) {
        page_zero(physical_to_virtual(*table));
    }
    return error;
}

int paging_root_create(void)
{
    int error = table_create(&root);
    if (error == OK) {
        uint64_t *top = physical_to_virtual(root);
        top[PAGE_RECURSIVE_INDEX] = root | TABLE_RIGHTS | PAGE_NO_EXECUTE;
    }
    return error;
}

physical_t paging_root(void)
{
    return root;
}

void paging_activate(void)
{
    cr3_write(root);
    cr4_write(cr4_read() | CR4_PAGE_GLOBAL);
}

/* Stores the table that an entry names, and creates it if the entry is not present. */
static must_check int table_descend(uint64_t *entry, uint64_t **table)
{
    /* LAB 1 BEGIN table-descend: the table that an entry names; make it if there is none */
    if (!(*entry & PAGE_PRESENT)) {
        physical_t fresh;
        int error = table_create(&fresh);
        if (error != OK) {
            return error;
        }
        __atomic_store_n(entry, fresh | TABLE_RIGHTS, __ATOMIC_RELEASE);
    } else if (*entry & PAGE_LARGE) {
        return ERROR_EXISTS;
    }
    *table = table_of(*entry);
    return OK;
    /* LAB 1 END table-descend */
}

/* Stores the entry of an address at a level, 0 for the leaf level. Creates missing tables. */
static must_check int entry_create(uintptr_t address, unsigned level, uint64_t **entry)
{
    /* LAB 1 BEGIN entry-create: the entry of an address at a level; make the tables on the way */
    uint64_t *table = physical_to_virtual(root);
    if (top_level_is_shared && !(table[index_at(address, 3)] & PAGE_PRESENT)) {
        return ERROR_RANGE; /* the roots of tasks, which have copies, would not get a new entry */
    }
    for (unsigned at = 3; at > level; at--) {
        int error = table_descend(&table[index_at(address, at)], &table);
        if (error != OK) {
            return error;
        }
    }
    *entry = &table[index_at(address, level)];
    return OK;
    /* LAB 1 END entry-create */
}

/* Returns the highest level whose pages fit alignment and size. */
static unsigned level_fitting(uintptr_t address, physical_t physical, size_t bytes, uint64_t flags)
{
    static int gibibyte_pages = -1;
    if (gibibyte_pages < 0) {
        gibibyte_pages = (cpuid(0x80000001, 0).edx >> 26) & 1;
    }
    if (!(flags & PAGE_LARGE)) {
        return 0;
    }
    for (unsigned level = gibibyte_pages ? 2 : 1; level > 0; level--) {
        if (((address | physical) & (bytes_at(level) - 1)) == 0 && bytes >= bytes_at(level)) {
            return level;
        }
    }
    return 0;
}

static must_check int map_locked(uintptr_t address, physical_t physical, size_t bytes,
                                 uint64_t flags)
{
    /* LAB 1 BEGIN map-locked: map the range with the largest pages that fit */
    while (bytes > 0) {
        uint64_t *entry;
        unsigned level = level_fitting(address, physical, bytes, flags);
        int error = entry_create(address, level, &entry);
        if (error != OK) {
            return error;
        }
        if (*entry & PAGE_PRESENT) {
            return ERROR_EXISTS;
        }
        uint64_t rights = level == 0 ? flags & ~PAGE_LARGE : flags;
        __atomic_store_n(entry, physical | rights, __ATOMIC_RELEASE);
        size_t step = bytes_at(level);
        address += step;
        physical += step;
        bytes -= step < bytes ? step : bytes;
    }
    return OK;
    /* LAB 1 END map-locked */
}

/* No mapping may have both rights (invariant I8). */
static bool is_writable_and_executable(uint64_t flags)
{
    return (flags & (PAGE_WRITABLE | PAGE_NO_EXECUTE)) == PAGE_WRITABLE;
}

int paging_map(uintptr_t address, physical_t physical, size_t bytes, uint64_t flags)
{
    if (((address | physical | bytes) & (PAGE_BYTES - 1)) != 0 ||
        is_writable_and_executable(flags)) {
        return ERROR_INVALID;
    }
    uint64_t saved = spin_lock_irq_save(&paging_lock);
    int error = map_locked(address, physical, bytes, flags);
    spin_unlock_irq_restore(&paging_lock, saved);
    return error;
}

void paging_unmap(uintptr_t address, size_t bytes)
{
    /* LAB 1 BEGIN unmap: clear the leaf entries, and make this CPU forget them */
    for (size_t done = 0; done < bytes; done += PAGE_BYTES) {
        if (paging_is_present(address + done)) {
            *paging_leaf(address + done) = 0;
            tlb_forget_page(address + done);
        }
    }
    /* LAB 1 END unmap */
}

/* Replaces a large page by a table of pages of the next level, with the same rights. */
static must_check int large_page_split(uint64_t *entry, unsigned level)
{
    /* LAB 1 BEGIN large-page-split: a table of smaller pages with the same rights in place of a large page */
    physical_t fresh;
    int error = table_create(&fresh);
    if (error != OK) {
        return error;
    }
    uint64_t *table = physical_to_virtual(fresh);
    uint64_t rights = *entry & ~PAGE_ADDRESS_MASK;
    physical_t base = *entry & PAGE_ADDRESS_MASK & ~(bytes_at(level) - 1);
    if (level == 1) {
        rights &= ~PAGE_LARGE;
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        table[i] = (base + i * bytes_at(level - 1)) | rights;
    }
    __atomic_store_n(entry, fresh | TABLE_RIGHTS, __ATOMIC_RELEASE);
    return OK;
    /* LAB 1 END large-page-split */
}

static must_check int protect_page(uintptr_t address, uint64_t flags)
{
    /* LAB 1 BEGIN protect-page: give one page other rights */
    uint64_t *table = physical_to_virtual(root);
    for (unsigned level = 3; level > 0; level--) {
        uint64_t *entry = &table[index_at(address, level)];
        if (!(*entry & PAGE_PRESENT)) {
            return ERROR_NOT_FOUND;
        }
        if (*entry & PAGE_LARGE) {
            int error = large_page_split(entry, level);
            if (error != OK) {
                return error;
            }
        }
        table = table_of(*entry);
    }
    uint64_t *leaf = &table[index_at(address, 0)];
    if (!(*leaf & PAGE_PRESENT)) {
        return ERROR_NOT_FOUND; /* new rights would map whatever frame the entry names */
    }
    *leaf = (*leaf & PAGE_ADDRESS_MASK) | flags;
    tlb_forget_page(address);
    return OK;
    /* LAB 1 END protect-page */
}

int paging_protect(uintptr_t address, size_t bytes, uint64_t flags)
{
    if (is_writable_and_executable(flags)) {
        return ERROR_INVALID;
    }
    uint64_t saved = spin_lock_irq_save(&paging_lock);
    int error = OK;
    for (size_t done = 0; done < bytes && error == OK; done += PAGE_BYTES) {
        error = protect_page(address + done, flags);
    }
    spin_unlock_irq_restore(&paging_lock, saved);
    return error;
}

int paging_tables_create(uintptr_t address, size_t bytes)
{
    uint64_t saved = spin_lock_irq_save(&paging_lock);
    int error = OK;
    uintptr_t end = address + bytes;
    for (uintptr_t at = address; at < end && error == OK;
         at = align_down(at, bytes_at(1)) + bytes_at(1)) {
        uint64_t *entry;
        error = entry_create(at, 0, &entry);
    }
    spin_unlock_irq_restore(&paging_lock, saved);
    return error;
}

int paging_top_level_create(void)
{
    static const uintptr_t bases[] = {DIRECT_MAP_BASE, STACK_OBJECT_BASE, VMALLOC_BASE,
                                      ENTRY_STACK_BASE, KERNEL_BASE};
    int error = OK;
    uint64_t saved = spin_lock_irq_save(&paging_lock);
    for (size_t i = 0; i < array_length(bases) && error == OK; i++) {
        uint64_t *entry;
        error = entry_create(bases[i], 2, &entry);
    }
    top_level_is_shared = error == OK;
    spin_unlock_irq_restore(&paging_lock, saved);
    return error;
}

void paging_walk(uintptr_t address, struct paging_walk *walk)
{
    /* LAB 1 BEGIN walk: read the entries that the CPU would read */
    const uint64_t *table = table_of(cr3_read());
    *walk = (struct paging_walk){0};
    /* Bits 63 to 47 of a valid address are equal. */
    if ((uint64_t)((int64_t)(address << 16) >> 16) != address) {
        return;
    }
    for (unsigned level = 4; level-- > 0;) {
        uint64_t entry = __atomic_load_n(&table[index_at(address, level)], __ATOMIC_ACQUIRE);
        walk->entries[walk->levels++] = entry;
        if (!(entry & PAGE_PRESENT)) {
            return;
        }
        if (level == 0 || (entry & PAGE_LARGE)) {
            walk->present = true;
            walk->page_bytes = bytes_at(level);
            walk->physical = (entry & PAGE_ADDRESS_MASK & ~(bytes_at(level) - 1)) +
                             (address & (bytes_at(level) - 1));
            return;
        }
        table = table_of(entry);
    }
    /* LAB 1 END walk */
}

bool paging_is_present(uintptr_t address)
{
    struct paging_walk walk;
    paging_walk(address, &walk);
    return walk.present;
}
