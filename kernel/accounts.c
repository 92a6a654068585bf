/*
 * Invariant I7: frames are conserved. A frame of the stack engine is in a living thread's stack, in
 * a cached or dead stack, in a magazine or in the reserve; each place is counted by looking at it,
 * and the sum must be what the frame allocator has booked.
 */
#include "kernel/accounts.h"

#include "mm/magazine.h"
#include "mm/slab.h"
#include "mm/stack.h"
#include "mm/stack_cache.h"
#include "mm/stack_reserve.h"
#include "mm/stack_swap.h"
#include "sched/thread.h"

static void thread_count_in(struct thread *thread, void *context)
{
    struct accounts *accounts = context;
    if (thread->state != THREAD_DEAD) {
        accounts->stack_frames_found += stack_pages_backed(thread->slot) +
                                        stack_pages_leaving(thread->slot) +
                                        stack_pages_taken(thread->slot);
        accounts->slots_found++;
    }
}

void accounts_read(struct accounts *accounts)
{
    *accounts = (struct accounts){.threads = thread_count(),
                                  .objects = slab_objects_in_use(),
                                  .slots_booked = stack_slots_used()};
    for (unsigned owner = 0; owner < FRAME_OWNER_COUNT; owner++) {
        accounts->owned[owner] = frame_owned_count(owner);
    }
    accounts->objects -= stack_saved_count(); /* whose threads sleep is nobody's leak */
    accounts->stack_frames_booked =
        accounts->owned[FRAME_OWNER_STACK] + accounts->owned[FRAME_OWNER_STACK_TAKEN] +
        accounts->owned[FRAME_OWNER_MAGAZINE] + accounts->owned[FRAME_OWNER_RESERVE];
    thread_for_each(thread_count_in, accounts);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct magazine *m = &cpu_variable(magazine, cpu);
        accounts->stack_frames_found += m->capacity - m->taken;
    }
    accounts->stack_frames_found += stack_reserve_count();
    stack_unowned_count(&accounts->slots_found, &accounts->stack_frames_found);
}
