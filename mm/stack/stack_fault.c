/*
 * The stack fault, as an ordered list of cases:
 *
 *   0. raised by ring 3, whatever the address                    -> not a stack fault
 *   1. not in the stack object, or where no slot was ever made   -> not a stack fault
 *   2. a hole of a slot that this CPU uses                       -> fill it and return
 *   3. a page of such a slot that is being unmapped              -> map the same frame again
 *   4. a guard of such a slot, or beyond its floor               -> overflow of that thread
 *   5. anything else in the stack object                         -> kernel bug, panic
 *
 * Context: ENTRY, on the page-fault entry stack. The slot is read from the leaf entry and compared
 * with stack_use, never taken from the current thread: during a switch two stacks are in use.
 */
#include "mm/stack/stack_fault.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/entry/descriptors.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_pages.h"

void (*stack_fault_observer)(const struct stack_fault_event *event);
void (*stack_overflow_handler)(struct trap_frame *frame, uintptr_t address, uint32_t slot);

static const char *owner_unknown(uint32_t slot maybe_unused)
{
    return "";
}

const char *(*stack_owner_describe)(uint32_t slot) = owner_unknown;

static always_inline bool hole_is_used_here(uint64_t entry)
{
    return likely(entry == this_cpu(stack_use).current_hole) ||
           entry == this_cpu(stack_use).next_hole;
}

static never_inline noreturn_function void critical_stack_fault(uintptr_t address, uint32_t pages)
{
    panic("critical stack fault: %p needs %u pages, but this CPU's magazine has only %u of %u; the "
          "dispatch gate let a thread run without cover",
          (void *)address, pages, magazine_available(), this_cpu(magazine).capacity);
}

/*
 * Fills from the lowest backed page down to `leaf`, so a stack never has two holes. Pages that are
 * being unmapped get their own frames back, because other CPUs may still translate their addresses
 * (I6). Holes get rounds of the magazine. Returns the number of rounds. The dispatch gate has made
 * sure that the magazine has enough of them (I3); if it has not, the panic is "critical stack
 * fault".
 */
static never_inline uint32_t pages_fill(volatile uint64_t *leaf, uintptr_t address)
{
    /* LAB 5 BEGIN pages-fill: map the missing pages from the lowest backed one down to leaf */
    volatile uint64_t *backed = leaf;
    uint32_t rounds = 0;
    while (!(*backed & PAGE_PRESENT)) {
        backed++;
    }
    while (backed != leaf) {
        if (stack_entry_return(--backed)) {
            continue;
        }
        invariant(stack_entry_is(*backed, STACK_PAGE_HOLE));
        if (unlikely(magazine_available() == 0)) {
            critical_stack_fault(address, (uint32_t)(backed - leaf) + 1);
        }
        *backed = magazine_round_take();
        rounds++;
    }
    this_cpu(magazine).faults[rounds]++;
    return rounds;
    /* LAB 5 END pages-fill */
}

/*
 * Fills the pages from `backed` (exclusive) down to `leaf`, all of which are holes. Nearly every
 * stack fault is of this kind; pages_fill() serves the others.
 */
static always_inline void holes_fill(volatile uint64_t *leaf, volatile uint64_t *backed,
                                     uintptr_t address)
{
    /* LAB 5 BEGIN holes-fill: pages_fill() where there are only holes; you may do without it */
    uint64_t pages = ((uintptr_t)backed - (uintptr_t)leaf) / sizeof(*leaf);
    uint32_t taken = this_cpu(magazine).taken;
    if (unlikely(taken + (uint32_t)pages > this_cpu(magazine).capacity)) {
        critical_stack_fault(address, (uint32_t)pages);
    }
    this_cpu(magazine).taken = taken + (uint32_t)pages;
    this_cpu(magazine).faults[pages]++;
    THIS_CPU_SPACE const uint64_t *round = &this_cpu(magazine).rounds[taken];
    do {
        *--backed = *round++;
    } while (backed != leaf);
    /* LAB 5 END holes-fill */
}

static never_inline struct trap_frame *
fault_observe(const struct trap_frame *frame, uintptr_t address, uint64_t entry, uint32_t pages)
{
    struct stack_fault_event event = {
        .address = address,
        .rip = frame->rip,
        .slot = stack_entry_slot(entry),
        .pages = pages,
        .available = magazine_available(),
        .entry_tsc = tsc_read(),
        .frame = frame,
    };
    void (*observer)(const struct stack_fault_event *) = stack_fault_observer;
    if (observer != NULL) {
        observer(&event);
    }
    return NULL;
}

/*
 * Returns whether a fault fills the page: a hole of a stack in use here, or a page of such a stack,
 * above its fault floor, that is being unmapped.
 */
static bool page_is_fillable(uint64_t entry, uintptr_t address)
{
    /* LAB 5 BEGIN page-is-fillable: is it a page that a fault on this CPU may map? */
    uint32_t slot;
    if (hole_is_used_here(entry)) {
        return true;
    }
    return stack_entry_is(entry, STACK_PAGE_UNMAPPING) && stack_slot_find(address, &slot) &&
           address >= stack_floor(slot) && hole_is_used_here(stack_hole_of(slot));
    /* LAB 5 END page-is-fillable */
}

/* Returns whether no fault may fill the page: a touch is an overflow. */
static always_inline bool entry_is_the_end(uint64_t entry)
{
    return stack_entry_is(entry, STACK_PAGE_GUARD) || stack_entry_is(entry, STACK_PAGE_BEYOND);
}

/* Cases 4 and 5. */
static never_inline struct trap_frame *fault_diagnose(struct trap_frame *frame, uintptr_t address,
                                                      uint64_t entry)
{
    uint32_t slot = stack_entry_slot(entry);
    enum stack_page_state state = stack_entry_state(entry);
    (void)stack_slot_find(address, &slot); /* the entry may name a frame instead of the slot */

    if (state == STACK_PAGE_BACKED) {
        panic("page fault on a backed stack page: code at %p touched %p (error code 0x%x): a stack "
              "may not be executed",
              (void *)frame->rip, (void *)address, frame->error);
    }
    /* LAB 4 BEGIN overflow-find: is it an overflow of a stack that this CPU uses? */
    if ((entry_is_the_end(entry) || address < stack_floor(slot)) &&
        hole_is_used_here(stack_hole_of(slot))) {
        stack_overflow_handler(frame, address, slot);
        return NULL;
    }
    /* LAB 4 END overflow-find */
    static const char *const names[] = {
        [STACK_PAGE_NONE] = "an address where no slot was made",
        [STACK_PAGE_FREE] = "a stack that no thread owns",
        [STACK_PAGE_HOLE] = "a hole of another thread's stack",
        [STACK_PAGE_GUARD] = "the guard of another thread's stack",
        [STACK_PAGE_SWAPPED] = "a swapped-out page of another thread's stack",
        [STACK_PAGE_LEND_UNMAPPING] = "a page lent to another thread's stack, being unmapped",
        [STACK_PAGE_BEYOND] = "a page of another thread's stack, below its fault floor",
        [STACK_PAGE_UNMAPPING] = "a page of another thread's stack, being unmapped",
        [STACK_PAGE_STANDBY] = "a page of another thread's stack, unmapped while it sleeps",
    };
    const char *owner = stack_owner_describe(slot);
    panic("stray access: code at %p touched %p, %s (slot %u; this CPU uses slots %u and %u)%s; "
          "look for a pointer into a stack that outlived its frame, or that was lent without a pin",
          (void *)frame->rip, (void *)address, names[state], slot,
          stack_entry_slot(this_cpu(stack_use).current_hole),
          stack_entry_slot(this_cpu(stack_use).next_hole), owner);
}

/* Invariant I1: code on an entry stack never faults, not even where the fault could be served. */
static always_inline void fault_check_origin(const struct trap_frame *frame maybe_unused,
                                             uintptr_t address maybe_unused)
{
#ifdef INVARIANT
    unsigned cpu, kind;
    if (!trap_frame_from_user(frame) && entry_stack_find(frame->rsp, &cpu, &kind)) {
        panic("stack fault on an entry stack: code at %p on the %s entry stack touched %p, a hole "
              "of the stack that it interrupted",
              (void *)frame->rip, entry_stack_name(kind), (void *)address);
    }
#endif
}

/* Checks I3, the magazine still covers the stack, and I4, the backed part of the stack is one. */
static always_inline void fault_check_result(uint32_t slot maybe_unused)
{
    invariant(magazine_available() >= stack_missing(slot));
    invariant(stack_holes_are_one(slot));
}

/* Cases 2 to 5 in full: also where pages are being unmapped, or an observer is set. */
static never_inline struct trap_frame *fault_serve_rarely(struct trap_frame *frame,
                                                          uintptr_t address, uint64_t entry)
{
    uint32_t slot = 0;
    if (!page_is_fillable(entry, address)) {
        return fault_diagnose(frame, address, entry);
    }
    (void)stack_slot_find(address, &slot);
    fault_check_origin(frame, address);
    uint32_t rounds = pages_fill(paging_leaf(address), address);
    fault_check_result(slot);
    return fault_observe(frame, address, stack_hole_of(slot), rounds);
}

/* Cases 2 to 5, for an address that has a leaf entry. */
static always_inline struct trap_frame *fault_serve(struct trap_frame *frame, uintptr_t address)
{
    /* LAB 5 BEGIN fault-serve: serve the fault, or say what it is */
    volatile uint64_t *leaf = stack_leaf_at(address - STACK_OBJECT_BASE), *backed = leaf;
    uint64_t entry = *leaf, above;
    if (unlikely(!hole_is_used_here(entry)) || unlikely(stack_fault_observer != NULL)) {
        return fault_serve_rarely(frame, address, entry);
    }
    do {
        above = *++backed;
    } while (above == entry);
    if (unlikely(!(above & PAGE_PRESENT))) {
        return fault_serve_rarely(frame, address, entry);
    }
    fault_check_origin(frame, address);
    holes_fill(leaf, backed, address);
    fault_check_result(stack_entry_slot(entry));
    return NULL;
    /* LAB 5 END fault-serve */
}

/* An address in a stack larger than 16 KiB, or in no stack: kept apart from the common case. */
static never_inline struct trap_frame *fault_elsewhere(struct trap_frame *frame, uintptr_t address)
{
    return stack_leaf_exists(address) ? fault_serve(frame, address)
                                      : entry_page_fault(frame, address);
}

static always_inline struct trap_frame *fault_handle(struct trap_frame *frame, uintptr_t address)
{
    if (unlikely(frame->error & PAGE_FAULT_USER)) {
        return entry_page_fault(frame, address);
    }
    if (unlikely(address - STACK_OBJECT_BASE >= stack_region_ready_bytes[0])) {
        return fault_elsewhere(frame, address);
    }
    return fault_serve(frame, address);
}

struct trap_frame *stack_fault(struct trap_frame *frame)
{
    return fault_handle(frame, cr2_read());
}

#ifdef INVARIANT
void stack_fault_path_check(const struct trap_frame *frame)
{
    uintptr_t address = cr2_read();
    uint32_t slot = 0;
    fault_check_origin(frame, address);
    (void)stack_slot_find(address, &slot);
    fault_check_result(slot);
}
#endif

struct trap_frame *stack_fault_fred(struct trap_frame *frame)
{
    return fault_handle(frame, frame->address);
}

void stack_hole_fill(uintptr_t address)
{
    if (stack_leaf_exists(address) && page_is_fillable(*paging_leaf(address), address)) {
        pages_fill(paging_leaf(address), address);
    }
}

/* stack_fill() where pages may be missing, or room. */
static never_inline bool fill_slowly(struct trap_frame *frame, uintptr_t address, size_t bytes)
{
    /* Code that follows runs with interrupts off and must not overflow: check its room first. */
    uintptr_t room = address - ENTRY_CONTINUE_BYTES;
    if (stack_leaf_exists(room)) {
        uint64_t entry = *paging_leaf(room);
        if (unlikely(entry_is_the_end(entry))) {
            fault_diagnose(frame, room, entry);
            return false;
        }
    }
    /* LAB 5 BEGIN range-fill: fill what the moved frame needs, and refuse what is no hole */
    /* Highest page first, because filling goes down and only the lowest page may be guard. */
    uintptr_t last = align_down(address + bytes - 1, PAGE_BYTES);
    for (uintptr_t page = last; page >= align_down(address, PAGE_BYTES); page -= PAGE_BYTES) {
        if (!stack_leaf_exists(page)) {
            continue; /* the boot stack, which is not in the stack object */
        }
        uint64_t entry = *paging_leaf(page);
        if (entry & PAGE_PRESENT) {
            continue;
        }
        if (!page_is_fillable(entry, page)) {
            fault_diagnose(frame, page, entry);
            return false;
        }
        uint32_t pages = pages_fill(paging_leaf(page), page);
        if (unlikely(stack_fault_observer != NULL)) {
            uint32_t slot = 0;
            (void)stack_slot_find(page, &slot);
            (void)fault_observe(frame, page, stack_hole_of(slot), pages);
        }
    }
    return true;
    /* LAB 5 END range-fill */
}

/* Nearly always the frame and the room below it lie on one page, and that is backed. */
bool stack_fill(struct trap_frame *frame, uintptr_t address, size_t bytes)
{
    uintptr_t lowest = address - ENTRY_CONTINUE_BYTES, offset = lowest - STACK_OBJECT_BASE;
    if (likely(offset < stack_region_ready_bytes[0]) &&
        likely(lowest / PAGE_BYTES == (address + bytes - 1) / PAGE_BYTES) &&
        likely(*stack_leaf_at(offset) & PAGE_PRESENT)) {
        return true;
    }
    return fill_slowly(frame, address, bytes);
}

void stack_cover_check(void)
{
    const struct stack_use *use = this_cpu_pointer(stack_use);
    if (use->current_hole == 0) {
        return; /* before the first thread */
    }
    if (magazine_available() < stack_missing(stack_entry_slot(use->current_hole))) {
        panic("the magazine of CPU %u holds %u rounds, and the stack that runs (slot %u) could ask "
              "for %u: the dispatch gate let it run without cover",
              cpu_number(), magazine_available(), stack_entry_slot(use->current_hole),
              stack_missing(stack_entry_slot(use->current_hole)));
    }
}

bool stack_is_whole(uintptr_t address)
{
    uint32_t slot;
    return !stack_slot_find(address, &slot) || stack_missing(slot) == 0;
}
