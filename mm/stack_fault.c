/*
 * The stack fault, as an ordered list of cases:
 *
 *   1. not in the stack object, or where no slot was ever made   -> not ours
 *   2. a hole of a slot that this CPU uses                       -> fill it and return
 *   3. a guard of a slot that this CPU uses                      -> overflow of that thread
 *   4. anything else in the stack object                         -> kernel bug, panic
 *
 * Context: the page-fault entry stack, interrupts off. Whose hole it is, is read from the entry,
 * never concluded from "current": in the middle of a switch two stacks are in use.
 */
#include "mm/stack_fault.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/report.h"
#include "mm/magazine.h"

PER_CPU(struct stack_use, stack_use);

void (*volatile stack_fault_observer)(const struct stack_fault_event *event);
void (*stack_overflow_handler)(struct trap_frame *frame, uintptr_t address, uint32_t slot);

static always_inline bool slot_is_used_here(uint32_t slot)
{
    return slot == this_cpu(stack_use).current || slot == this_cpu(stack_use).next;
}

/*
 * Fills from the lowest backed page down to `leaf`, so that a stack never has two holes. Returns
 * the number of pages. The gate made sure that there are enough (I3); if not, that is a bug of ours
 * and is told apart from an overflow.
 */
static always_inline uint32_t holes_fill(volatile uint64_t *leaf, uintptr_t address)
{
    uint32_t pages = 1;
    while (!(leaf[pages] & PAGE_PRESENT)) {
        pages++;
    }
    uint32_t taken = this_cpu(magazine).taken;
    if (unlikely(taken + pages > this_cpu(magazine).capacity)) {
        panic("critical stack fault: %p needs %u pages, but this CPU's magazine has only %u of %u; "
              "the dispatch gate let a thread run without cover",
              (void *)address, pages, this_cpu(magazine).capacity - taken,
              this_cpu(magazine).capacity);
    }
    this_cpu(magazine).taken = taken + pages;
    this_cpu(magazine).faults[pages]++;
    uint32_t left = pages;
    do {
        leaf[--left] = this_cpu(magazine).rounds[taken++];
    } while (left > 0);
    return pages;
}

static never_inline void fault_observe(const struct trap_frame *frame, uintptr_t address,
                                       uint32_t slot, uint32_t pages)
{
    struct stack_fault_event event = {
        .address = address,
        .rip = frame->rip,
        .slot = slot,
        .pages = pages,
        .available = magazine_available(),
        .entry_tsc = tsc_read(),
    };
    void (*observer)(const struct stack_fault_event *) = stack_fault_observer;
    if (observer != NULL) {
        observer(&event);
    }
}

/* Cases 3 and 4. */
static never_inline enum page_fault_answer fault_diagnose(struct trap_frame *frame,
                                                          uintptr_t address, uint64_t entry)
{
    uint32_t slot = stack_entry_slot(entry);
    enum stack_page_state state = stack_entry_state(entry);

    if (state == STACK_PAGE_BACKED) {
        panic("page fault on a backed stack page: code at %p touched %p (error code 0x%x): a stack "
              "may not be executed",
              (void *)frame->rip, (void *)address, frame->error);
    }
    if (state == STACK_PAGE_GUARD && slot_is_used_here(slot)) {
        stack_overflow_handler(frame, address, slot);
        return PAGE_FAULT_SERVED;
    }
    static const char *const names[] = {
        [STACK_PAGE_NONE] = "an address where no slot was made",
        [STACK_PAGE_FREE] = "a stack that nobody owns",
        [STACK_PAGE_HOLE] = "a hole of another thread's stack",
        [STACK_PAGE_GUARD] = "the guard of another thread's stack",
        [STACK_PAGE_SWAPPED] = "a swapped-out page of another thread's stack",
    };
    panic("stray access: code at %p touched %p, %s (slot %u; this CPU uses slots %u and %u); look "
          "for a pointer into a stack that outlived its frame",
          (void *)frame->rip, (void *)address, names[state], slot, this_cpu(stack_use).current,
          this_cpu(stack_use).next);
}

enum page_fault_answer stack_fault(struct trap_frame *frame, uintptr_t address)
{
    if (unlikely(address - STACK_OBJECT_BASE >= stack_object_ready_bytes)) {
        return PAGE_FAULT_NOT_STACK;
    }
    volatile uint64_t *leaf = paging_leaf(address);
    uint64_t entry = *leaf;
    if (unlikely(!stack_entry_is(entry, STACK_PAGE_HOLE) ||
                 !slot_is_used_here(stack_entry_slot(entry)))) {
        return fault_diagnose(frame, address, entry);
    }
    uint32_t pages = holes_fill(leaf, address);
    if (unlikely(stack_fault_observer != NULL)) {
        fault_observe(frame, address, stack_entry_slot(entry), pages);
    }
    return PAGE_FAULT_SERVED;
}

bool stack_fill(struct trap_frame *frame, uintptr_t address, size_t bytes)
{
    /* Highest page first: filling goes down, and the lowest page is the one that may be guard. */
    uintptr_t last = align_down(address + bytes - 1, PAGE_BYTES);
    for (uintptr_t page = last; page >= align_down(address, PAGE_BYTES); page -= PAGE_BYTES) {
        if (page - STACK_OBJECT_BASE >= stack_object_ready_bytes) {
            continue; /* not a stack of the stack object: the boot stack */
        }
        uint64_t entry = *paging_leaf(page);
        if (entry & PAGE_PRESENT) {
            continue;
        }
        if (stack_entry_is(entry, STACK_PAGE_HOLE) && slot_is_used_here(stack_entry_slot(entry))) {
            holes_fill(paging_leaf(page), page);
            continue;
        }
        fault_diagnose(frame, page, entry);
        return false;
    }
    return true;
}

void stack_fault_init(void)
{
    page_fault_stack_case = stack_fault;
    entry_stack_fill = stack_fill;
}
