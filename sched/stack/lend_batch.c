/* See lend_batch.h. Only the reclaimer runs this. */
#include "sched/stack/lend_batch.h"

#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_lend.h"
#include "sched/core/schedule.h"
#include "sched/core/thread.h"

#define BATCH_STACKS 64

static struct {
    uint32_t slots[BATCH_STACKS];
    unsigned count;
} batch;

/* A batch left out a stack that was in use; its thread may have gone to sleep since. */
static bool left_out;

/* The list's lock keeps the thread from being freed, its run queue's lock from being dispatched. */
static void untouched_unmap(struct thread *thread)
{
    struct run_queue *queue = schedule_queue_lock(thread);
    if (thread->stack_reservations != 0) { /* its pages are reserved by stack_ensure() */
        spin_unlock_quietly(&queue->lock);
        return;
    }
    left_out |= thread == queue->current;
    if (thread != queue->current && thread->state != THREAD_DEAD &&
        stack_lend_unmap_begin(thread->slot) != 0) {
        batch.slots[batch.count++] = thread->slot;
    }
    spin_unlock_quietly(&queue->lock);
}

static void lend_visit(struct thread *thread, void *context maybe_unused)
{
    if (batch.count < BATCH_STACKS && stack_missing(thread->slot) == 0 && !thread->backed) {
        untouched_unmap(thread);
    }
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

bool lend_batches_wanted(void)
{
    return stack_lend_wanted() || __atomic_load_n(&left_out, __ATOMIC_RELAXED);
}

uint32_t lend_batches_run(void)
{
    uint32_t freed = 0;
    if (!lend_batches_wanted()) {
        return 0;
    }
    left_out = false;
    stack_lend_batch_begin();
    do {
        batch.count = 0;
        thread_for_each(lend_visit, NULL);
        if (batch.count != 0) {
            batch_shootdown();
            freed += batch_free();
        }
    } while (batch.count == BATCH_STACKS);
    return freed;
}
