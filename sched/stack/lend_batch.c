/* See lend_batch.h. Only the reclaimer runs this. */
#include "sched/stack/lend_batch.h"

#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_lend.h"
#include "sched/core/schedule.h"
#include "sched/core/thread_list.h"

#define BATCH_STACKS 64
#define WALK_THREADS 16 /* looked at under the list's lock at once */
#define WALK_STEPS   64 /* in one turn */

static struct {
    uint32_t slots[BATCH_STACKS];
    unsigned count;
} batch;

/*
 * The walk left out a stack in use with untouched pages. Its thread may have gone to sleep since.
 */
static bool left_out;

/* The list's lock keeps the thread from being freed, its run queue's lock from being dispatched. */
static void untouched_unmap(struct thread *thread)
{
    struct run_queue *queue = schedule_queue_lock(thread);
    /* It was swapped out, or gave its stack away, since lend_look(); or stack_ensure() reserved. */
    if ((thread->pending & THREAD_PENDING_SWAPPED) || thread->stack_reservations != 0) {
        spin_unlock_quietly(&queue->lock);
        return;
    }
    left_out |= thread == queue->current && stack_lend_untouched(thread->slot);
    if (thread != queue->current && thread->state != THREAD_DEAD &&
        stack_lend_unmap_begin(thread->slot) != 0) {
        batch.slots[batch.count++] = thread->slot;
    }
    spin_unlock_quietly(&queue->lock);
}

/*
 * Returns whether the batch has room for more. A stack with a hole has no untouched pages. It is
 * looked at without its run queue's lock: a CPU that fills it meanwhile notes that afterwards
 * (stack_lend_fill()), and another walk follows.
 */
static bool lend_look(struct thread *thread, void *context maybe_unused)
{
    if (stack_missing(thread->slot) == 0 && !thread->backed) {
        untouched_unmap(thread);
    }
    return batch.count < BATCH_STACKS;
}

/* One shootdown for the range that spans the batch. */
static void batch_shootdown(void)
{
    uintptr_t low = UINTPTR_MAX, high = 0;
    for (unsigned i = 0; i < batch.count; i++) {
        uintptr_t bottom = stack_floor(batch.slots[i]), top = stack_top(batch.slots[i]);
        low = bottom < low ? bottom : low;
        high = top > high ? top : high;
    }
    stack_shootdown(low, high - low);
}

static uint32_t batch_free(void)
{
    uint32_t freed = 0;
    for (unsigned i = 0; i < batch.count; i++) {
        physical_t frames[STACK_PAGES];
        unsigned count = stack_lend_unmap_end(batch.slots[i], frames);
        freed += count;
        while (count-- > 0) {
            frame_free(frames[count], FRAME_OWNER_STACK);
        }
    }
    return freed;
}

/* A walk over all threads has begun and has not reached the end of their list. */
static bool under_way;

bool lend_batch_is_under_way(void)
{
    return under_way;
}

bool lend_batches_wanted(void)
{
    return __atomic_load_n(&under_way, __ATOMIC_RELAXED) || stack_lend_wanted() ||
           __atomic_load_n(&left_out, __ATOMIC_RELAXED);
}

/*
 * Begins a walk, and clears the notes that there may be untouched pages. Stacks that are filled
 * after the walk has passed them are noted anew, and cause another walk.
 */
static void walk_begin(void)
{
    left_out = false;
    stack_lend_batch_begin();
    __atomic_store_n(&under_way, true, __ATOMIC_RELAXED);
}

static bool batch_collect(void)
{
    bool more = true;
    batch.count = 0;
    for (unsigned step = 0; more && batch.count < BATCH_STACKS && step < WALK_STEPS; step++) {
        more = thread_walk(THREAD_WALKER_LEND, WALK_THREADS, lend_look, NULL);
    }
    return more;
}

uint32_t lend_batch_run(void)
{
    if (!lend_batches_wanted()) {
        return 0;
    }
    if (!under_way) {
        walk_begin();
    }
    bool more = batch_collect();
    uint32_t freed = 0;
    if (batch.count != 0) {
        batch_shootdown();
        freed = batch_free();
    }
    __atomic_store_n(&under_way, more, __ATOMIC_RELAXED);
    return freed;
}
