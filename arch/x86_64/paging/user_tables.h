/*
 * The page tables of one address space: a root whose upper half is the kernel's, and tables of the
 * lower half, which only user_tables.c changes. The caller supplies the frames of which tables are
 * made, and gets them back when a table holds no entry any more.
 *
 * Rules that keep translations and tables consistent:
 *
 *   1. An entry changes only under `lock`. A leaf entry that is present never gets another frame: it
 *      becomes absent first, and a round of apic/user_shootdown.h comes between.
 *   2. `cpus` has the bit of each CPU that has the root in CR3. No other CPU has translations of
 *      it, because user pages are not global and a load of CR3 removes all that are not.
 *   3. Frames of pages and tables that a reduction took out are used again only after such a round.
 *
 * Each root has a recursive mapping of its own, which shows the tables of that root. So the kernel
 * finds the entries of the kernel half there, whichever root is loaded. Tables of the lower half
 * are read through the direct map only.
 * Source: SDM volume 3A, 4.5 (entries), 4.10 (translations that CPUs keep).
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/shootdown_turn.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/paging/paging.h"

#define USER_TABLE_LEVELS 4

/* Pages that one call of user_tables_reduce() looks at, at most. */
#define USER_TABLES_SLICE 64

struct user_tables {
    physical_t root;
    struct spinlock lock; /* guards the entries of the lower half */
    uint32_t tables;      /* tables of the lower half, without the root; under `lock` */
    uint64_t cpus;        /* CPUs that have the root in CR3, by bit; atomic */
    /* One round of apic/user_shootdown.c at a time. */
    struct shootdown_turn turn;
    bool round_evicts; /* the round makes CPUs load the kernel's root; written with the turn */
    uint64_t waiting;  /* CPUs that have not answered, by bit; atomic */
    uint64_t rounds;   /* rounds that interrupted other CPUs; for tests */
};

/* The tables whose root is in CR3 of this CPU; NULL: the kernel's own. */
DECLARE_PER_CPU(struct user_tables *, user_tables_loaded);

/* Zeroed frames for new tables: at most one for each level below the root. */
struct user_table_supply {
    physical_t frames[USER_TABLE_LEVELS - 1];
    unsigned count;
    unsigned wanted; /* how many an entry needs, after ERROR_AGAIN */
};

/* Frames of tables that hold no entry any more. */
struct user_table_refuse {
    physical_t frames[USER_TABLE_LEVELS - 1];
    unsigned count;
};

/* Prepares page tables with an empty lower half. `root` is a zeroed frame. Context: THREAD. */
void user_tables_init(struct user_tables *tables, physical_t root);

/*
 * Loads page tables into CR3 of the calling CPU; NULL: the kernel's own. Does nothing if they are
 * loaded already. No other CPU may evict the tables (user_tables_evict()) while this function runs.
 * Context: ATOMIC, interrupts off.
 */
void user_tables_load(struct user_tables *tables);

/*
 * user_tables_load() in line. The order is important: a CPU sets its bit in `cpus` before it loads
 * the root, and clears it after it has loaded another root. So `cpus` has the bit of every CPU that
 * may have translations.
 *
 * If a round has set the bit of this CPU in `waiting` while the CPU had the root the last time, the
 * CPU answers now by clearing the bit. It has no translations left to remove: it lost them when it
 * loaded another root. user_shootdown.c reads the bits in the matching order.
 */
static always_inline void user_tables_load_inline(struct user_tables *tables)
{
    struct user_tables *old = this_cpu(user_tables_loaded);
    uint64_t own = 1UL << cpu_number();

    if (old == tables) {
        return;
    }
    if (tables != NULL) {
        __atomic_or_fetch(&tables->cpus, own, __ATOMIC_SEQ_CST);
        if (unlikely(__atomic_load_n(&tables->waiting, __ATOMIC_SEQ_CST) & own)) {
            __atomic_and_fetch(&tables->waiting, ~own, __ATOMIC_SEQ_CST);
        }
    }
    this_cpu(user_tables_loaded) = tables;
    cr3_write(tables != NULL ? tables->root : paging_root());
    if (old != NULL) {
        __atomic_and_fetch(&old->cpus, ~own, __ATOMIC_SEQ_CST);
    }
}

/*
 * Sets the leaf entry of a user page. Missing tables are made from the supply. If the same frame is
 * mapped there already, the entry keeps its rights and gets the new ones as well. No right is taken
 * away, so no round is necessary. Takes the lock of the tables. Context: ATOMIC, preemption or
 * interrupts off. Errors: ERROR_AGAIN (the supply has fewer frames than tables are missing;
 * supply->wanted is their number), ERROR_EXISTS (another frame is mapped there).
 */
must_check int user_tables_enter(struct user_tables *tables, uintptr_t address, uint64_t entry,
                                 struct user_table_supply *supply);

/* Returns the leaf entry of a user page; 0 if none is present. Context: THREAD or ATOMIC. */
uint64_t user_tables_entry(struct user_tables *tables, uintptr_t address);

/*
 * Takes rights away from the pages that are mapped in [*address, end): clears the bits `clear` of
 * their leaf entries and sets the bits `set`. If `clear` has PAGE_PRESENT, entries become 0, and
 * tables that become empty go to `refuse`; their frames stay zeroed. Works on one slice, moves
 * *address behind it, and adds to *changed the number of entries that changed. Returns true if a
 * part of the range is left. The caller orders a round before it relies on the change.
 * Context: THREAD or ATOMIC.
 */
must_check bool user_tables_reduce(struct user_tables *tables, uintptr_t *address, uintptr_t end,
                                   uint64_t clear, uint64_t set, struct user_table_refuse *refuse,
                                   size_t *changed);
