/* See stack_lend.h. */
#include "mm/stack_lend.h"

#include "arch/x86_64/cpu_model.h"
#include "arch/x86_64/percpu.h"
#include "arch/x86_64/report.h"
#include "mm/frame.h"
#include "mm/magazine.h"
#include "mm/stack_fault.h"

/* A lent page: as a round of the magazine, but not accessed yet. */
#define LENT_RIGHTS (PAGE_KERNEL_DATA & ~PAGE_ACCESSED)

struct stack_lend {
    uint32_t current; /* pages that are lent to the stack in use: the lowest that are present */
    uint32_t next;    /* during a switch: to the incoming stack */
    struct stack_lend_counts counts;
};

static PER_CPU(struct stack_lend, stack_lend);
static bool batch_wanted;

enum stack_lend_way stack_lend_way(void)
{
    return cpu_caches_only_accessed() ? STACK_LEND_AT_ONCE : STACK_LEND_BATCHED;
}

static bool entry_replace(volatile uint64_t *entry, uint64_t old, uint64_t new)
{
    return __atomic_compare_exchange_n(entry, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Pages of the stack that are not there, counted from the lowest up. */
static unsigned holes_count(const volatile uint64_t *entries)
{
    unsigned page = 0;
    while (page < STACK_PAGES && !(entries[page] & PAGE_PRESENT)) {
        page++;
    }
    return page;
}

/*
 * The magazine without what is lent: rounds go from its far end, so that `taken` stays what it is
 * to the gate, the rounds that have to be replaced.
 */
void stack_lend_begin(void)
{
    volatile uint64_t *entries = stack_entries(stack_entry_slot(this_cpu(stack_use).next_hole));
    struct magazine *magazine_own = this_cpu_pointer(magazine);
    struct stack_lend *own = this_cpu_pointer(stack_lend);
    unsigned page = holes_count(entries);
    uint32_t lent = 0;
    while (page > 0 && magazine_own->capacity > magazine_own->taken) {
        uint64_t round = magazine_own->rounds[--magazine_own->capacity];
        entries[--page] = (round & PAGE_ADDRESS_MASK) | LENT_RIGHTS;
        lent++;
    }
    own->next = lent;
    own->counts.lent += lent;
}

/* What was touched is the stack's now; its rounds are to be replaced by the next refill. */
static never_inline void pages_keep(const volatile uint64_t *entries, uint32_t count)
{
    struct magazine *own = this_cpu_pointer(magazine);
    magazine_charge();
    for (uint32_t i = 0; i < count; i++) {
        frame_owner_change(entries[i] & PAGE_ADDRESS_MASK, FRAME_OWNER_MAGAZINE, FRAME_OWNER_STACK);
        own->rounds[own->capacity++] = own->rounds[own->taken++];
    }
    own->charged = own->taken;
}

void stack_lend_end(void)
{
    struct stack_lend *own = this_cpu_pointer(stack_lend);
    uint64_t hole = this_cpu(stack_use).current_hole;
    uint32_t lent = own->current;
    if (hole == this_cpu(stack_use).next_hole) {
        return; /* no switch of threads */
    }
    own->current = own->next;
    if (lent == 0) {
        return;
    }
    struct magazine *magazine_own = this_cpu_pointer(magazine);
    volatile uint64_t *entries = stack_entries(stack_entry_slot(hole));
    volatile uint64_t *entry = entries + holes_count(entries), *end = entry + lent;
    /* What a large stack has below its floor must hang together with the rest. */
    if (likely(!(entries[-1] & PAGE_PRESENT))) {
        for (; entry < end; entry++) {
            uint64_t old = *entry & ~PAGE_ACCESSED;
            if (!entry_replace(entry, old, hole)) {
                break; /* touched, and so are, or count as such, those above */
            }
            magazine_own->rounds[magazine_own->capacity++] = old | PAGE_ACCESSED;
        }
    }
    own->counts.taken_back += lent - (uint32_t)(end - entry);
    if (unlikely(entry < end)) {
        pages_keep(entry, (uint32_t)(end - entry));
    }
}

void stack_lend_settle(void)
{
    struct stack_lend *own = this_cpu_pointer(stack_lend);
    if (own->current != 0) {
        volatile uint64_t *entries =
            stack_entries(stack_entry_slot(this_cpu(stack_use).current_hole));
        pages_keep(entries + holes_count(entries), own->current);
        own->current = 0;
    }
}

void stack_lend_fill(void)
{
    volatile uint64_t *entries = stack_entries(stack_entry_slot(this_cpu(stack_use).next_hole));
    unsigned page = holes_count(entries), first = page;
    if (likely(page == 0)) {
        return;
    }
    struct magazine *own = this_cpu_pointer(magazine);
    while (page > 0) {
        volatile uint64_t *entry = &entries[--page];
        uint64_t old = *entry;
        if (stack_entry_is(old, STACK_PAGE_COOLING) &&
            entry_replace(entry, old, (old & PAGE_ADDRESS_MASK) | LENT_RIGHTS)) {
            continue; /* it never left */
        }
        if (own->taken == own->capacity) {
            break; /* without a gate: the rest is for faults */
        }
        *entry = (own->rounds[own->taken++] & PAGE_ADDRESS_MASK) | LENT_RIGHTS;
    }
    this_cpu_pointer(stack_lend)->counts.lent += first - page;
    if (!__atomic_load_n(&batch_wanted, __ATOMIC_RELAXED)) {
        __atomic_store_n(&batch_wanted, true, __ATOMIC_RELAXED);
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

unsigned stack_lend_cool(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    volatile uint64_t *entry = entries + holes_count(entries), *first = entry;
    if (entries[-1] & PAGE_PRESENT) {
        return 0; /* it asked for depth, and what is above has to stay */
    }
    for (; entry < entries + STACK_PAGES; entry++) {
        uint64_t old = *entry & ~PAGE_ACCESSED;
        uint64_t cooling = (old & PAGE_ADDRESS_MASK) | stack_entry_make(STACK_PAGE_COOLING, 0);
        if (!entry_replace(entry, old, cooling)) {
            break;
        }
    }
    return (unsigned)(entry - first);
}

unsigned stack_lend_cooled_take(uint32_t slot, physical_t *frames)
{
    volatile uint64_t *entries = stack_entries(slot);
    unsigned count = 0;
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        uint64_t old = entries[page];
        if (stack_entry_is(old, STACK_PAGE_COOLING) &&
            entry_replace(&entries[page], old, stack_entry_make(STACK_PAGE_HOLE, slot))) {
            frames[count++] = old & PAGE_ADDRESS_MASK;
        }
    }
    __atomic_add_fetch(&this_cpu_pointer(stack_lend)->counts.taken_back, count, __ATOMIC_RELAXED);
    return count;
}

void stack_lend_counts_read(struct stack_lend_counts *counts)
{
    *counts = (struct stack_lend_counts){0};
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        counts->lent += cpu_variable(stack_lend, cpu).counts.lent;
        counts->taken_back += cpu_variable(stack_lend, cpu).counts.taken_back;
    }
}
