/* See rest.h: the protocol stands there. */
#include "sched/rest.h"

#include "arch/x86_64/report.h"
#include "lib/error.h"
#include "mm/stack.h"
#include "mm/stack_fault.h"
#include "mm/stack_large.h"
#include "mm/stack_swap.h"
#include "sched/gate.h"
#include "sched/schedule.h"

/* claims[i] is guarded by the lock of the run queue claims[i].cpu, which only the swapper writes.
 */
static struct {
    struct thread *thread; /* NULL: crossed out */
    uint32_t slot;
    uint8_t cpu;
} claims[REST_BATCH];

static bool is_swapped(const struct thread *thread)
{
    return (thread->attention & THREAD_ATTENTION_SWAPPED) != 0;
}

/* Rule 1: the thread stays where it is, asleep, while this is done to it. */
static void lock_check(const struct thread *thread maybe_unused)
{
    invariant(spin_is_locked(&cpu_variable(run_queue, thread->cpu).lock));
}

bool rest_begin(struct thread *thread, uint32_t now_ms)
{
    lock_check(thread);
    if (thread->state != THREAD_BLOCKED || thread == cpu_variable(run_queue, thread->cpu).current) {
        return false;
    }
    thread->rest = (struct thread_rest){.since_ms = now_ms};
    thread->state = THREAD_RESTING;
    return true;
}

bool rest_may_swap(const struct thread *thread)
{
    return thread->stack_pins == 0 && !is_swapped(thread) &&
           stack_top(thread->slot) - thread->saved_rsp <= STACK_SAVED_BYTES_MAX;
}

uint32_t rest_take(struct thread *thread, bool swap, unsigned claim)
{
    lock_check(thread);
    if (thread->stack_holds != 0 || thread->saved_rsp < stack_floor(thread->slot) ||
        (stack_is_large(thread->slot) && stack_pages_below_floor(thread->slot) != 0)) {
        return 0; /* it asked for what is below the floor, and has not given it back */
    }
    unsigned pages = (unsigned)((thread->saved_rsp - stack_floor(thread->slot)) / PAGE_BYTES);
    uint32_t filled = STACK_PAGES - stack_missing(thread->slot);
    uint32_t used = stack_pages_used(thread->slot);
    void *saved;
    if (swap && rest_may_swap(thread) &&
        stack_save(thread->slot, thread->saved_rsp, &saved) == OK) {
        thread->stack_saved = saved;
        thread->attention |= THREAD_ATTENTION_SWAPPED;
        pages = STACK_PAGES;
    }
    uint32_t taken = stack_pages_leave(thread->slot, pages);
    if (taken == 0) {
        return 0;
    }
    if (used > thread->pages_most) {
        thread->pages_most = (uint16_t)used;
    }
    if (thread->rest.pages == 0) {
        thread->rest.pages = (uint8_t)filled;
    }
    thread->rest.claim = (uint8_t)(claim + 1);
    claims[claim].thread = thread;
    claims[claim].slot = thread->slot;
    claims[claim].cpu = thread->cpu;
    return taken;
}

void rest_batch_shoot(unsigned count)
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

void rest_batch_end(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct run_queue *queue = &cpu_variable(run_queue, claims[i].cpu);
        uint64_t flags = spin_lock_irq_save(&queue->lock);
        if (claims[i].thread != NULL) {
            (void)stack_pages_release(claims[i].slot);
            claims[i].thread->rest.claim = 0;
            claims[i].thread = NULL;
        }
        spin_unlock_irq_restore(&queue->lock, flags);
    }
}

/* The saved bytes are needed no more. */
static void saved_forget(struct thread *thread)
{
    thread->stack_hole = stack_hole_of(thread->slot);
    thread->attention &= (uint8_t)~THREAD_ATTENTION_SWAPPED;
}

/* Must a stack have all of its pages back before its thread is dispatched? */
static bool wakes_whole(void)
{
    return stack_mode_get() == STACK_MODE_EAGER || stack_mode_get() == STACK_MODE_PREFAULT;
}

void rest_end(struct thread *thread)
{
    uint32_t pages = thread->rest.pages;
    lock_check(thread);
    if (thread->rest.claim != 0) {
        claims[thread->rest.claim - 1].thread = NULL;
    }
    if (pages != 0) {
        void *saved = is_swapped(thread) ? thread->stack_saved : NULL;
        if (stack_pages_return(thread->slot, thread->saved_rsp, saved) && saved != NULL) {
            stack_saved_free(thread->slot, thread->saved_rsp, saved);
            saved_forget(thread);
        }
        if (wakes_whole() && STACK_PAGES - stack_missing(thread->slot) < pages) {
            thread->attention |= (uint8_t)(pages << THREAD_ATTENTION_PAGES_SHIFT);
        }
    }
    list_node_init(&thread->run_node);
    thread->state = THREAD_BLOCKED;
}

void rest_attend(struct thread *thread)
{
    if (is_swapped(thread)) {
        stack_swap_in(thread->slot, thread->saved_rsp, thread->stack_saved);
        saved_forget(thread);
    }
    if (thread->attention & THREAD_ATTENTION_PAGES) {
        stack_refill(thread->slot,
                     (thread->attention & THREAD_ATTENTION_PAGES) >> THREAD_ATTENTION_PAGES_SHIFT);
        thread->attention &= (uint8_t)~THREAD_ATTENTION_PAGES;
    }
    if (thread->attention & THREAD_ATTENTION_STARVED) {
        gate_fed(thread);
    }
    thread->attention &= (uint8_t)~THREAD_ATTENTION_MOVES; /* that was another CPU */
}
