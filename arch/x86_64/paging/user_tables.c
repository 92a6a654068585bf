/*
 * Each entry that names a table also holds the number of present entries in that table, in bits
 * that the CPU ignores in such entries (SDM volume 3A, table 4-20 and following). So an empty table
 * is recognised without a search through its 512 entries. The accessed bits are set from the start,
 * and so are the dirty bits of pages that may be written. So the CPU has no bit to set, and never
 * stores to these tables.
 */
#include "arch/x86_64/paging/user_tables.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "lib/error.h"
#include "lib/string.h"

#define ENTRIES      512
#define TABLE_RIGHTS (PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER | PAGE_ACCESSED)

/* The number of present entries of a table, in the entry that names it: bits 61:52. */
#define COUNT_SHIFT 52
#define COUNT_ONE   (1UL << COUNT_SHIFT)
#define COUNT_MASK  (0x3ffUL << COUNT_SHIFT)

PER_CPU(struct user_tables *, user_tables_loaded);

static unsigned index_at(uintptr_t address, unsigned level)
{
    return (unsigned)(address >> (PAGE_SHIFT + 9 * level)) % ENTRIES;
}

static size_t bytes_at(unsigned level)
{
    return PAGE_BYTES << (9 * level);
}

static void entry_set(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

void user_tables_init(struct user_tables *tables, physical_t root)
{
    const uint64_t *kernel = physical_to_virtual(paging_root());
    uint64_t *top = physical_to_virtual(root);

    *tables = (struct user_tables){.root = root,
                                   .lock = SPINLOCK("user page tables"),
                                   .turn = SHOOTDOWN_TURN("user shootdown requests")};
    memcpy(&top[ENTRIES / 2], &kernel[ENTRIES / 2], ENTRIES / 2 * sizeof(*top));
    top[PAGE_RECURSIVE_INDEX] = (kernel[PAGE_RECURSIVE_INDEX] & ~PAGE_ADDRESS_MASK) | root;
}

void user_tables_load(struct user_tables *tables)
{
    user_tables_load_inline(tables);
}

/*
 * Stores a pointer to the entry of an address at each level, from the top down to the first entry
 * that is absent, and returns the level of that entry. Returns 0 if there is a leaf table. The loop
 * is unrolled, because page faults walk here: so each level has its constant shift.
 */
static inline_if_optimized unsigned path_find(const struct user_tables *tables, uintptr_t address,
                                              uint64_t *path[USER_TABLE_LEVELS])
{
    uint64_t *table = physical_to_virtual(tables->root);
#pragma GCC unroll 3
    for (unsigned level = USER_TABLE_LEVELS - 1; level > 0; level--) {
        path[level] = &table[index_at(address, level)];
        if (!(*path[level] & PAGE_PRESENT)) {
            return level;
        }
        table = physical_to_virtual(*path[level] & PAGE_ADDRESS_MASK);
    }
    path[0] = &table[index_at(address, 0)];
    return 0;
}

static inline_if_optimized void table_count_add(uint64_t *path[USER_TABLE_LEVELS], unsigned level)
{
    if (level + 1 < USER_TABLE_LEVELS) {
        entry_set(path[level + 1], *path[level + 1] + COUNT_ONE);
    }
}

/* Makes the tables from `level` - 1 down to the leaf table. */
static void tables_make(struct user_tables *tables, uintptr_t address, unsigned level,
                        uint64_t *path[USER_TABLE_LEVELS], struct user_table_supply *supply)
{
    for (; level > 0; level--) {
        physical_t table = supply->frames[--supply->count];
        entry_set(path[level], table | TABLE_RIGHTS);
        table_count_add(path, level);
        tables->tables++;
        path[level - 1] = (uint64_t *)physical_to_virtual(table) + index_at(address, level - 1);
    }
}

/*
 * Returns the entry to store in place of `old`, which names the same frame or is absent. A right
 * that the page has stays: no round comes that would take it away from the CPUs.
 */
static uint64_t rights_joined(uint64_t old, uint64_t entry)
{
    if (!(old & PAGE_PRESENT)) {
        return entry;
    }
    entry |= old & (PAGE_WRITABLE | PAGE_DIRTY);
    entry &= old | ~PAGE_NO_EXECUTE;
    invariant((entry & (PAGE_WRITABLE | PAGE_NO_EXECUTE)) != PAGE_WRITABLE);
    return entry;
}

/* user_tables_enter() where tables are missing, or a page is there. The lock is held. */
static never_inline must_check int enter_rarely(struct user_tables *tables, uintptr_t address,
                                                uint64_t entry, struct user_table_supply *supply)
{
    uint64_t *path[USER_TABLE_LEVELS];
    int error = OK;
    unsigned level = path_find(tables, address, path);
    if (unlikely(level > supply->count)) {
        supply->wanted = level;
        error = ERROR_AGAIN;
    } else if (level == 0 && (*path[0] & PAGE_PRESENT) &&
               ((*path[0] ^ entry) & PAGE_ADDRESS_MASK) != 0) {
        error = ERROR_EXISTS;
    } else {
        tables_make(tables, address, level, path, supply);
        if (!(*path[0] & PAGE_PRESENT)) {
            table_count_add(path, 0);
        }
        entry_set(path[0], rights_joined(*path[0], entry));
    }
    spinlock_pass(&tables->lock);
    return error;
}

/* Nearly always all tables are there, and the page is not. */
int user_tables_enter(struct user_tables *tables, uintptr_t address, uint64_t entry,
                      struct user_table_supply *supply)
{
    uint64_t *path[USER_TABLE_LEVELS];

    invariant(address >= USER_BASE && address < USER_END && (address & (PAGE_BYTES - 1)) == 0);
    invariant((entry & (PAGE_PRESENT | PAGE_USER)) == (PAGE_PRESENT | PAGE_USER));
    invariant(!(entry & PAGE_GLOBAL));
    invariant((entry & (PAGE_WRITABLE | PAGE_NO_EXECUTE)) != PAGE_WRITABLE);
    invariant(this_cpu(preempt_count) != 0 || !interrupts_enabled());
    spinlock_take(&tables->lock); /* not counted: preemption is off already */
    if (unlikely(path_find(tables, address, path) != 0) || unlikely(*path[0] & PAGE_PRESENT)) {
        return enter_rarely(tables, address, entry, supply);
    }
    table_count_add(path, 0);
    entry_set(path[0], entry);
    spinlock_pass(&tables->lock);
    return OK;
}

uint64_t user_tables_entry(struct user_tables *tables, uintptr_t address)
{
    uint64_t *path[USER_TABLE_LEVELS];

    spin_lock(&tables->lock);
    uint64_t entry = path_find(tables, address, path) == 0 ? *path[0] : 0;
    spin_unlock(&tables->lock);
    return entry;
}

/* Makes a leaf entry absent, and with it each table that has no entry left. */
static void leaf_clear(struct user_tables *tables, uint64_t *path[USER_TABLE_LEVELS],
                       struct user_table_refuse *refuse)
{
    entry_set(path[0], 0);
    for (unsigned level = 1; level < USER_TABLE_LEVELS; level++) {
        uint64_t left = *path[level] - COUNT_ONE;
        if ((left & COUNT_MASK) != 0) {
            entry_set(path[level], left);
            return;
        }
        refuse->frames[refuse->count++] = left & PAGE_ADDRESS_MASK;
        tables->tables--;
        entry_set(path[level], 0);
    }
}

/*
 * The part of user_tables_reduce() for one slice: takes rights away from the pages in it, or unmaps
 * them. A slice has at most USER_TABLES_SLICE pages, all of one leaf table. Returns the address
 * behind the slice. It ends early if a table becomes empty, because `path` then leads through a
 * table that is gone.
 */
static uintptr_t leaves_reduce(struct user_tables *tables, uintptr_t address, uintptr_t end,
                               uint64_t *path[USER_TABLE_LEVELS], uint64_t clear, uint64_t set,
                               struct user_table_refuse *refuse, size_t *changed)
{
    uintptr_t stop = align_down(address, bytes_at(1)) + bytes_at(1);
    uintptr_t slice = address + USER_TABLES_SLICE * PAGE_BYTES;

    stop = stop < end ? stop : end;
    stop = stop < slice ? stop : slice;
    for (; address < stop && refuse->count == 0; address += PAGE_BYTES, path[0]++) {
        uint64_t entry = *path[0];
        if (!(entry & PAGE_PRESENT) || (!(entry & clear) && (entry & set) == set)) {
            continue;
        }
        (*changed)++;
        if (clear & PAGE_PRESENT) {
            leaf_clear(tables, path, refuse);
        } else {
            entry_set(path[0], (entry & ~clear) | set);
        }
    }
    return address;
}

bool user_tables_reduce(struct user_tables *tables, uintptr_t *address, uintptr_t end,
                        uint64_t clear, uint64_t set, struct user_table_refuse *refuse,
                        size_t *changed)
{
    uint64_t *path[USER_TABLE_LEVELS];

    refuse->count = 0;
    spin_lock(&tables->lock);
    for (unsigned step = 0; step < USER_TABLES_SLICE && *address < end; step++) {
        unsigned level = path_find(tables, *address, path);
        if (level == 0) {
            *address = leaves_reduce(tables, *address, end, path, clear, set, refuse, changed);
            break;
        }
        uintptr_t behind = align_down(*address, bytes_at(level)) + bytes_at(level);
        *address = behind < end ? behind : end;
    }
    spin_unlock(&tables->lock);
    return *address < end;
}
