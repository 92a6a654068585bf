/* Lends pages to the running stack and takes them back: see stack_lend.h. */
#include "mm/stack_modes/stack_lend.h"

#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/percpu.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_use.h"

/* Rights of a lent page: as a round of the magazine, but with the Accessed bit clear. */
#define LENT_RIGHTS (PAGE_KERNEL_DATA & ~PAGE_ACCESSED)

/* Pages lent at most: all but the top page, which every stack that is dispatched has. */
#define LENT_MOST (STACK_PAGES - 1)

struct stack_lend {
    uint32_t current;                /* pages lent to the stack in use */
    uint32_t lowest;                 /* the lowest of them */
    uint64_t passed;                 /* how often LENT_MOST pages went straight to the next stack */
    struct stack_lend_counts counts; /* pages that `passed` counts are not in it */
};

static PER_CPU(struct stack_lend, stack_lend);
static bool batch_wanted;

enum stack_lend_mode stack_lend_mode(void)
{
    return cpu_caches_only_accessed() ? STACK_LEND_AT_ONCE : STACK_LEND_BATCHED;
}

static bool entry_replace(volatile uint64_t *entry, uint64_t old, uint64_t new)
{
    return __atomic_compare_exchange_n(entry, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

#define SLOT_LEAVES_SHIFT 6
_Static_assert(STACK_SLOT_PAGES * sizeof(uint64_t) == 1UL << SLOT_LEAVES_SHIFT,
               "a slot's number, shifted, is the offset of its leaf entries");

/*
 * Returns stack_entries() of the slot that a hole names, in few instructions. The shift drops the
 * state bits and multiplies the slot by the bytes of its entries. The slot is stored inverted, so
 * the result is subtracted from the value that slot 0 has.
 */
static always_inline volatile uint64_t *entries_by_hole(uint64_t hole)
{
    uintptr_t first = (uintptr_t)stack_leaf_at(STACK_SLOT_BYTES - STACK_BYTES);
    uintptr_t inverted_0 = STACK_ENTRY_INVERTED >> (STACK_ENTRY_SLOT_SHIFT - SLOT_LEAVES_SHIFT);
    uintptr_t entries = first + inverted_0 - (hole >> (STACK_ENTRY_SLOT_SHIFT - SLOT_LEAVES_SHIFT));
    invariant(entries == (uintptr_t)stack_entries(stack_entry_slot(hole)));
    return (volatile uint64_t *)entries;
}

/* Counts the pages that are not present, from the lowest up: LENT_MOST at most. */
static unsigned holes_count(const volatile uint64_t *entries)
{
    unsigned page = 0;
    while (page < LENT_MOST && !(entries[page] & PAGE_PRESENT)) {
        page++;
    }
    return page;
}

/* Makes `count` lent pages the stack's own. Their rounds will be replaced by the next refill. */
static never_inline void pages_keep(const volatile uint64_t *entries, uint32_t count)
{
    struct magazine *own = this_cpu_pointer(magazine);
    for (uint32_t i = 0; i < count; i++) {
        frame_owner_change(entries[i] & PAGE_ADDRESS_MASK, FRAME_OWNER_MAGAZINE, FRAME_OWNER_STACK);
    }
    /* No call from here on: it could fault and take a round. */
    magazine_charge();
    for (uint32_t i = 0; i < count; i++) {
        own->rounds[own->capacity++] = own->rounds[own->taken++];
    }
    own->charged = own->taken;
}

/*
 * Takes back the untouched ones of `lent` pages of a stack, the lowest at `entry`. The rounds of
 * lent pages are not in the magazine. Lending takes rounds from the far end of the array and lowers
 * `capacity`, and taking back puts them there again. So `taken` is still the number of rounds that
 * the next refill must replace, as the gate expects.
 */
static void pages_take_back(volatile uint64_t *entry, uint64_t hole, uint32_t lent)
{
    struct magazine *own = this_cpu_pointer(magazine);
    volatile uint64_t *end = entry + lent;
    /* If the page below is backed, by a fault or in a large stack, all above must stay (I4). */
    if (likely(!(entry[-1] & PAGE_PRESENT))) {
        for (; entry < end; entry++) {
            uint64_t old = *entry & ~PAGE_ACCESSED;
            if (!entry_replace(entry, old, hole)) {
                break; /* touched: the pages above were touched as well, or count as touched */
            }
            own->rounds[own->capacity++] = old | PAGE_ACCESSED;
        }
    }
    this_cpu(stack_lend).counts.taken_back += lent - (uint32_t)(end - entry);
    if (unlikely(entry < end)) {
        pages_keep(entry, (uint32_t)(end - entry));
    }
}

/* Fills the holes of a stack that was lent `before` pages, from the lowest backed page down. */
static void pages_lend(volatile uint64_t *entries, uint32_t before)
{
    struct magazine *own = this_cpu_pointer(magazine);
    unsigned page = holes_count(entries);
    if (unlikely(page > 0 && stack_entry_is(entries[page - 1], STACK_PAGE_UNMAPPING))) {
        page = 0; /* the thread is trimming its stack: a fault maps again what it touches */
    }
    unsigned first = page;
    while (page > 0 && own->capacity > own->taken) {
        uint64_t round = own->rounds[--own->capacity];
        entries[--page] = (round & PAGE_ADDRESS_MASK) | LENT_RIGHTS;
    }
    this_cpu(stack_lend).counts.lent += first - page;
    this_cpu(stack_lend).current = before + first - page;
    this_cpu(stack_lend).lowest = page;
}

/* Takes back and lends through the magazine, for all pages but the `passed` that went straight. */
static never_inline void pages_exchange(uint64_t from_hole, uint64_t to_hole, uint32_t passed)
{
    uint32_t lent = this_cpu(stack_lend).current - passed;
    if (from_hole == to_hole) {
        return; /* no switch of threads */
    }
    this_cpu(stack_lend).counts.lent += passed;
    this_cpu(stack_lend).counts.taken_back += passed;
    if (lent != 0) {
        uint32_t lowest = this_cpu(stack_lend).lowest + passed;
        pages_take_back(entries_by_hole(from_hole) + lowest, from_hole, lent);
    }
    pages_lend(entries_by_hole(to_hole), passed);
}

void stack_lend_switch(void)
{
    uint64_t from_hole = this_cpu(stack_use).current_hole, to_hole = this_cpu(stack_use).next_hole;
    volatile uint64_t *from = entries_by_hole(from_hole), *to = entries_by_hole(to_hole);
    uint32_t passed = 0;
    invariant(to[LENT_MOST] & PAGE_PRESENT);
    /*
     * Pages go straight only if nothing is backed below the fault floor of the old stack, and the
     * new stack has its top page only.
     */
    if (likely(this_cpu(stack_lend).current == LENT_MOST && !(from[-1] & PAGE_PRESENT) &&
               to[LENT_MOST - 1] == to_hole)) {
        for (; passed < LENT_MOST; passed++) {
            uint64_t old = from[passed] & ~PAGE_ACCESSED;
            if (!entry_replace(&from[passed], old, from_hole)) {
                break; /* touched */
            }
            to[LENT_MOST - 1 - passed] = old;
        }
        if (likely(passed == LENT_MOST)) {
            this_cpu(stack_lend).passed++;
            return;
        }
    }
    pages_exchange(from_hole, to_hole, passed);
}

void stack_lend_keep(void)
{
    struct stack_lend *own = this_cpu_pointer(stack_lend);
    if (own->current != 0) {
        volatile uint64_t *entries =
            stack_entries(stack_entry_slot(this_cpu(stack_use).current_hole));
        pages_keep(entries + own->lowest, own->current);
        own->current = 0;
    }
}

/* Fills from the lowest backed page down: LEND_UNMAPPING pages get their own frames back. */
static never_inline void pages_fill(volatile uint64_t *entries)
{
    unsigned page = holes_count(entries), first = page;
    struct magazine *own = this_cpu_pointer(magazine);
    while (page > 0) {
        volatile uint64_t *entry = &entries[--page];
        uint64_t old = *entry;
        if (stack_entry_is(old, STACK_PAGE_LEND_UNMAPPING) &&
            entry_replace(entry, old, stack_entry_frame(old) | LENT_RIGHTS)) {
            continue; /* the same frame at the same address */
        }
        if (stack_entry_is(old, STACK_PAGE_UNMAPPING)) {
            page++; /* the thread is trimming its stack: a fault maps again what it touches */
            break;
        }
        if (own->taken == own->capacity) {
            break; /* gate=off: faults fill the others */
        }
        *entry = (own->rounds[own->taken++] & PAGE_ADDRESS_MASK) | LENT_RIGHTS;
    }
    this_cpu(stack_lend).counts.lent += first - page;
    /*
     * Stored even if it is set: stack_lend_batch_begin() may be about to clear it. x86 keeps the
     * order of stores, so a walk that begins after this store sees the filled pages, and one that
     * began before it leaves the note for the next. A load here could pass the stores above.
     */
    __atomic_store_n(&batch_wanted, true, __ATOMIC_RELEASE);
}

void stack_lend_fill(void)
{
    volatile uint64_t *entries = entries_by_hole(this_cpu(stack_use).next_hole);
    if (unlikely(!(entries[0] & PAGE_PRESENT))) {
        pages_fill(entries);
    }
}

bool stack_lend_wanted(void)
{
    return __atomic_load_n(&batch_wanted, __ATOMIC_RELAXED);
}

void stack_lend_batch_begin(void)
{
    __atomic_store_n(&batch_wanted, false, __ATOMIC_SEQ_CST);
}

/* A batch takes pages from the lowest up to the first that was touched. */
bool stack_lend_untouched(uint32_t slot)
{
    const volatile uint64_t *entries = stack_entries(slot);
    uint64_t lowest = entries[holes_count(entries)];
    return !(entries[-1] & PAGE_PRESENT) && !(lowest & PAGE_ACCESSED);
}

unsigned stack_lend_unmap_begin(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    volatile uint64_t *entry = entries + holes_count(entries), *first = entry;
    if (entries[-1] & PAGE_PRESENT) {
        return 0; /* pages below the floor are backed, so those above must stay, for I4 */
    }
    for (; entry < entries + STACK_PAGES; entry++) {
        uint64_t old = *entry & ~PAGE_ACCESSED;
        physical_t frame = stack_entry_frame(old);
        if (!entry_replace(entry, old, stack_entry_keep(STACK_PAGE_LEND_UNMAPPING, frame))) {
            break;
        }
        stack_unmap_note(frame);
    }
    return (unsigned)(entry - first);
}

unsigned stack_lend_unmap_end(uint32_t slot, physical_t *frames)
{
    volatile uint64_t *entries = stack_entries(slot);
    unsigned count = 0;
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        uint64_t old = entries[page];
        if (stack_entry_is(old, STACK_PAGE_LEND_UNMAPPING) &&
            entry_replace(&entries[page], old, stack_entry_make(STACK_PAGE_HOLE, slot))) {
            frames[count++] = stack_entry_frame(old);
            stack_unmap_check(stack_entry_frame(old));
        }
    }
    __atomic_add_fetch(&this_cpu_pointer(stack_lend)->counts.taken_back, count, __ATOMIC_RELAXED);
    return count;
}

void stack_lend_counts_read(struct stack_lend_counts *counts)
{
    *counts = (struct stack_lend_counts){0};
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct stack_lend *one = &cpu_variable(stack_lend, cpu);
        counts->lent += one->counts.lent + LENT_MOST * one->passed;
        counts->taken_back += one->counts.taken_back + LENT_MOST * one->passed;
    }
}
