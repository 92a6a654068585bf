/* The rare steps of stack handoff: giving a stack away, and getting one back. See handoff.h. */
#include "sched/stack/handoff.h"

#include "arch/x86_64/entry/user_context.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reserve.h"

PER_CPU(struct handoff_counts, handoff_counts);

/* The thread that gives its stack in the switch under way; NULL: none does. */
static PER_CPU(struct stack_handoff *, giver);

static int64_t threads;

int64_t handoff_threads(void)
{
    return __atomic_load_n(&threads, __ATOMIC_RELAXED);
}

void handoff_counts_read(struct handoff_counts *counts)
{
    *counts = (struct handoff_counts){0};
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct handoff_counts *one = &cpu_variable(handoff_counts, cpu);
        counts->exchanged += one->exchanged;
        counts->given += one->given;
        counts->cached += one->cached;
        counts->filled += one->filled;
    }
}

bool handoff_prepare(struct stack_handoff *own)
{
    struct thread *self = thread_current();
    if ((self->stack_pins | self->stack_reservations) != 0 ||
        stack_slot_allocate(0, &own->slot) != OK) {
        return false;
    }
    own->thread = self;
    return true;
}

void handoff_cancel(struct stack_handoff *own)
{
    stack_slot_free(own->slot);
}

void handoff_give(struct stack_handoff *own)
{
    handoff_keep(own, user_frame_at(*own->stack_top));
    this_cpu(giver) = own;
}

uint32_t handoff_given(void)
{
    struct stack_handoff *own = this_cpu(giver);
    if (own == NULL) {
        return STACK_SLOT_NONE;
    }
    this_cpu(giver) = NULL;
    struct thread *thread = own->thread;
    uint32_t given = thread->slot;
    thread->slot = own->slot;
    thread->stack_saved = own;
    thread->saved_rsp = stack_top(own->slot) - HANDOFF_LIVE_BYTES;
    *own->stack_top = stack_top(own->slot);
    thread->pending |= HANDED_BITS;
    if (stack_mode_get() == STACK_MODE_EAGER) { /* swap_candidate.h, rule 6 */
        thread->pending |= STACK_PAGES << THREAD_PENDING_PAGES_SHIFT;
    }
#ifdef INVARIANT
    thread->depth_sections = 0; /* those that were open are given up with the stack */
#endif
    this_cpu_pointer(handoff_counts)->given++;
    __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
    return given;
}

/* Lays the stack out as that of a thread that sleeps at its continuation. */
static void stack_lay_out(struct thread *thread, const struct stack_handoff *own)
{
    struct trap_frame *frame = user_frame_at(stack_top(thread->slot));
    *frame = (struct trap_frame){.vector = VECTOR_SYSCALL};
    handoff_restore(own, frame);
    struct switch_frame *words = (struct switch_frame *)frame - 1;
    *words = (struct switch_frame){.rbp = (uintptr_t)frame + TRAP_FRAME_MARK,
                                   .return_address = (uintptr_t)own->continuation};
    thread->saved_rsp = (uintptr_t)words;
}

void handoff_take(struct thread *thread)
{
    struct stack_handoff *own = thread->stack_saved;
    uint32_t empty = thread->slot;
    invariant(stack_missing(empty) == STACK_PAGES);
    /* Threads that wait for memory come first, even if the cache has a stack. */
    if (memory_queued() == 0 && stack_cache_take(&thread->slot)) {
        stack_slot_free(empty);
        this_cpu_pointer(handoff_counts)->cached++;
    } else {
        stack_entries(empty)[STACK_PAGES - 1] = magazine_round_take();
        this_cpu_pointer(handoff_counts)->filled++;
    }
    __atomic_sub_fetch(&threads, 1, __ATOMIC_RELAXED);
    thread->stack_hole = stack_hole_of(thread->slot);
    thread->pending &= (uint8_t)~HANDED_BITS;
    *own->stack_top = stack_top(thread->slot);
    stack_lay_out(thread, own);
}
