/* See swap_candidate.h for the protocol. */
#include "sched/stack/swap_candidate.h"

#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/trace.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "mm/stack/stack_large.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/schedule.h"
#include "sched/stack/gate.h"
#include "sched/stack/handoff.h"

/*
 * The claims of the batch under way. claims[i] is guarded by the run-queue lock of the CPU
 * claims[i].cpu. Only the swapper writes `cpu`, so it may read `cpu` before it takes that lock.
 */
static struct {
    struct thread *thread; /* NULL: cancelled by swap_candidate_end() */
    uint32_t slot;
    uint8_t cpu;
} claims[SWAP_CANDIDATE_BATCH];

static bool is_swapped(const struct thread *thread)
{
    return (thread->pending & THREAD_PENDING_SWAPPED) != 0;
}

/* Checks rule 1 of swap_candidate.h. */
static void lock_check(const struct thread *thread maybe_unused)
{
    invariant(spin_is_locked(&cpu_variable(run_queue, thread->cpu).lock));
}

bool swap_candidate_begin(struct thread *thread, uint32_t now_ms)
{
    lock_check(thread);
    if (thread->state != THREAD_BLOCKED || thread == cpu_variable(run_queue, thread->cpu).current) {
        return false;
    }
    thread->swap_note = (struct thread_swap_note){.since_ms = now_ms};
    thread->state = THREAD_SWAP_CANDIDATE;
    return true;
}

bool swap_candidate_may_swap(const struct thread *thread)
{
    return thread->stack_pins == 0 && !is_swapped(thread) &&
           stack_top(thread->slot) - thread->saved_rsp <= STACK_SAVED_BYTES_MAX;
}

static always_inline uint32_t take(struct thread *thread, bool swap, unsigned claim)
{
    lock_check(thread);
    if (thread->stack_reservations != 0 || thread->saved_rsp < stack_floor(thread->slot) ||
        (stack_is_large(thread->slot) && stack_pages_below_floor(thread->slot) != 0)) {
        return 0; /* its pages are reserved by stack_ensure() */
    }
    unsigned pages = (unsigned)((thread->saved_rsp - stack_floor(thread->slot)) / PAGE_BYTES);
    uint32_t filled = STACK_PAGES - stack_missing(thread->slot);
    uint32_t used = stack_pages_used(thread->slot);
    void *saved;
    if (swap && swap_candidate_may_swap(thread) &&
        stack_save(thread->slot, thread->saved_rsp, &saved) == OK) {
        thread->stack_saved = saved;
        thread->pending |= THREAD_PENDING_SWAPPED;
        pages = STACK_PAGES;
    }
    uint32_t taken = stack_pages_unmap_begin(thread->slot, pages);
    if (taken == 0) {
        return 0;
    }
    if (used > thread->pages_most) {
        thread->pages_most = (uint16_t)used;
    }
    if (thread->swap_note.pages == 0) {
        thread->swap_note.pages = (uint8_t)filled;
    }
    thread->swap_note.claim = (uint8_t)(claim + 1);
    claims[claim].thread = thread;
    claims[claim].slot = thread->slot;
    claims[claim].cpu = thread->cpu;
    return taken;
}

uint32_t swap_candidate_take(struct thread *thread, bool swap, unsigned claim)
{
    return take(thread, swap, claim);
}

static TRACED_FORM uint32_t take_traced(struct thread *thread, bool swap, unsigned claim)
{
    uint32_t taken = take(thread, swap, claim);
    if (taken != 0) {
        trace_record(TRACE_SWAP_OUT, is_swapped(thread), thread->id, taken, 0);
    }
    return taken;
}
TRACED(swap_candidate_take, take_traced);

void swap_candidate_batch_shoot(unsigned count)
{
    uint32_t lowest = UINT32_MAX, highest = 0;
    for (unsigned i = 0; i < count; i++) {
        lowest = claims[i].slot < lowest ? claims[i].slot : lowest;
        highest = claims[i].slot > highest ? claims[i].slot : highest;
    }
    if (count != 0) {
        stack_shootdown(stack_bottom(lowest), stack_top(highest) - stack_bottom(lowest));
    }
}

void swap_candidate_batch_end(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct run_queue *queue = &cpu_variable(run_queue, claims[i].cpu);
        uint64_t flags = spin_lock_irq_save(&queue->lock);
        if (claims[i].thread != NULL) {
            (void)stack_pages_release(claims[i].slot);
            claims[i].thread->swap_note.claim = 0;
            claims[i].thread = NULL;
        }
        spin_unlock_irq_restore(&queue->lock, flags);
    }
}

/* Notes that the saved bytes are back on the stack. */
static void saved_clear(struct thread *thread)
{
    thread->stack_hole = stack_hole_of(thread->slot);
    thread->pending &= (uint8_t)~THREAD_PENDING_SWAPPED;
}

/* Says whether, by rule 6, a thread must have all of its pages back before it runs. */
static bool needs_all_pages(void)
{
    return stack_mode_get() == STACK_MODE_EAGER || stack_mode_get() == STACK_MODE_PREFAULT;
}

void swap_candidate_end(struct thread *thread)
{
    uint32_t pages = thread->swap_note.pages;
    lock_check(thread);
    if (thread->swap_note.claim != 0) {
        claims[thread->swap_note.claim - 1].thread = NULL;
    }
    if (pages != 0) {
        void *saved = is_swapped(thread) ? thread->stack_saved : NULL;
        if (stack_pages_return(thread->slot, thread->saved_rsp, saved) && saved != NULL) {
            stack_saved_free(thread->slot, thread->saved_rsp, saved);
            saved_clear(thread);
        }
        if (needs_all_pages() && STACK_PAGES - stack_missing(thread->slot) < pages) {
            thread->pending |= (uint8_t)(pages << THREAD_PENDING_PAGES_SHIFT);
        }
    }
    list_node_init(&thread->run_node);
    thread->state = THREAD_BLOCKED;
}

/* `handoff`: threads may be handed. */
static always_inline void dispatch(struct thread *thread, bool handoff)
{
    if (handoff && is_handed(thread)) {
        handoff_take(thread);
    } else if (is_swapped(thread)) {
        stack_swap_in(thread->slot, thread->saved_rsp, thread->stack_saved);
        saved_clear(thread);
    }
    if (thread->pending & THREAD_PENDING_PAGES) {
        stack_refill(thread->slot,
                     (thread->pending & THREAD_PENDING_PAGES) >> THREAD_PENDING_PAGES_SHIFT);
        thread->pending &= (uint8_t)~THREAD_PENDING_PAGES;
    }
    if (thread->pending & THREAD_PENDING_MEMORY) {
        gate_wait_end(thread);
    }
    thread->pending &= (uint8_t)~THREAD_PENDING_MOVES; /* the CPU that it excludes was left */
}

void swap_candidate_dispatch(struct thread *thread)
{
    dispatch(thread, false);
}

static SITE_JUMP_FORM void dispatch_handoff(struct thread *thread)
{
    dispatch(thread, true);
}
SITE_JUMP_FROM(swap_candidate_dispatch, SITE_KIND_HANDOFF_UNTRACED, dispatch_handoff);

static TRACED_FORM void dispatch_traced(struct thread *thread)
{
    bool swapped = is_swapped(thread);
    if (swapped) {
        trace_record(TRACE_SWAP_IN, 0, thread->id, 0, 0);
    }
    dispatch(thread, true);
    if (swapped) {
        trace_record(TRACE_SWAP_IN_END, 0, thread->id, 0, 0);
    }
}
TRACED(swap_candidate_dispatch, dispatch_traced);
