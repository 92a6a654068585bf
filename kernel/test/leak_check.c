/*
 * Invariant I7: frames are conserved. A frame of the stack engine is in a thread's stack, in a
 * stack without a thread (cached, or waiting for the reclaimer), in a magazine, or in the reserve.
 * The pages in each place are counted, and the sum must be what the frame allocator counts for
 * these owners.
 */
#include "kernel/test/leak_check.h"

#include "mm/heap/slab.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/thread.h"
#include "sched/core/thread_object.h"

static void thread_count_in(struct thread *thread, void *context)
{
    struct leak_check *leak_check = context;
    if (thread->state != THREAD_DEAD) {
        leak_check->stack_frames_found += stack_pages_backed(thread->slot) +
                                          stack_pages_unmapping(thread->slot) +
                                          stack_pages_standby(thread->slot);
        leak_check->slots_found++;
    }
}

void leak_check_read(struct leak_check *leak_check)
{
    *leak_check = (struct leak_check){.threads = thread_count(),
                                      .objects = slab_objects_in_use(),
                                      .slots_booked = stack_slots_used()};
    for (unsigned owner = 0; owner < FRAME_OWNER_COUNT; owner++) {
        leak_check->owned[owner] = frame_owned_count(owner);
    }
    /* The saved bytes of sleeping threads, and the objects that CPUs keep for threads, are no leak. */
    leak_check->objects -= stack_saved_count() + thread_objects_spare();
    leak_check->stack_frames_booked =
        leak_check->owned[FRAME_OWNER_STACK] + leak_check->owned[FRAME_OWNER_STACK_STANDBY] +
        leak_check->owned[FRAME_OWNER_MAGAZINE] + leak_check->owned[FRAME_OWNER_RESERVE];
    thread_for_each(thread_count_in, leak_check);
    /* A processor that was prepared and then did not answer has a magazine, too. */
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        if (percpu_area_exists(cpu)) {
            const struct magazine *m = &cpu_variable(magazine, cpu);
            leak_check->stack_frames_found += m->capacity - m->taken;
        }
    }
    leak_check->stack_frames_found += stack_reserve_count();
    stack_unowned_count(&leak_check->slots_found, &leak_check->stack_frames_found);
}
