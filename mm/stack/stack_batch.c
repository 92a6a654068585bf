/* Batches of stacks, and the grace periods that they wait for: see stack_batch.h. */
#include "mm/stack/stack_batch.h"

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack_cache.h"

#define MEMORY_PART 8 /* stacks in batches, if whole, take at most this part of all frames */

struct stack_batch {
    struct stack_chain gathered; /* the open batch: stacks of threads that ended lately */
    struct stack_chain waiting;  /* the closed batch, which waits for a grace period */
    uint64_t waiting_for; /* `waiting` is released when the grace period of this number ends */
};

bool stack_batch_enabled;

static PER_CPU(struct stack_batch, batch);

struct spinlock stack_batch_lock = SPINLOCK("stack batches");
static uint64_t grace_begun;  /* number of the last grace period that has begun */
static uint64_t grace_over;   /* number of the last one that has ended */
static uint64_t grace_wanted; /* number of the last one that a batch waits for */
static uint64_t cpus_to_pass; /* CPUs, by bit, that the present one still waits for */
static struct stack_batch_counts counts;
static uint32_t held;        /* stacks in all batches */
static uint32_t most_wanted; /* how many there may be; 0: an eighth of memory */

static uint64_t cpus_online(void)
{
    unsigned count = cpu_online_count();
    return count >= 64 ? UINT64_MAX : (1UL << count) - 1;
}

static uint32_t held_most(void)
{
    return most_wanted != 0 ? most_wanted
                            : (uint32_t)(frame_total_count() / (MEMORY_PART * STACK_PAGES));
}

bool stack_batch_add(uint32_t slot)
{
    if (!stack_batch_enabled) {
        return false;
    }
    spin_lock(&stack_batch_lock);
    bool room = held < held_most(), taken = stack_batch_enabled && room;
    if (taken) {
        stack_chain_push(&this_cpu_pointer(batch)->gathered, slot);
        held++;
    }
    counts.refused += !room;
    spin_unlock_quietly(&stack_batch_lock);
    return taken;
}

static void batch_drop(struct stack_batch *own)
{
    held -= own->waiting.count + own->gathered.count;
    stack_reap_add_chain(&own->waiting);
    stack_reap_add_chain(&own->gathered);
}

void stack_batch_drain(void)
{
    struct stack_batch *own = this_cpu_pointer(batch);
    if (own->waiting.count + own->gathered.count != 0) { /* only this CPU adds */
        spin_lock(&stack_batch_lock);
        batch_drop(own);
        spin_unlock_quietly(&stack_batch_lock);
    }
}

/* Leaves all stacks of all batches to the reclaimer, and returns how many. The lock is held. */
static uint32_t batches_drop(void)
{
    uint32_t dropped = held;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        batch_drop(&cpu_variable(batch, cpu));
    }
    return dropped;
}

bool stack_batch_flush(void)
{
    if (likely(!stack_batch_enabled)) {
        return false;
    }
    uint64_t flags = spin_lock_irq_save(&stack_batch_lock);
    uint32_t flushed = batches_drop();
    counts.flushed += flushed;
    spin_unlock_irq_restore(&stack_batch_lock, flags);
    return flushed != 0;
}

void stack_batch_enable(bool on)
{
    uint64_t flags = spin_lock_irq_save(&stack_batch_lock);
    stack_batch_enabled = on;
    if (!on) {
        (void)batches_drop();
    }
    spin_unlock_irq_restore(&stack_batch_lock, flags);
}

void stack_batch_most_set(uint32_t stacks)
{
    __atomic_store_n(&most_wanted, stacks, __ATOMIC_RELAXED);
}

/*
 * Notes that this CPU passed a quiescent point, ends the grace period if it was the last to do so,
 * and begins the next one if it is wanted. The lock is held.
 */
static void grace_step(bool quiescent)
{
    if (grace_begun != grace_over && quiescent) {
        cpus_to_pass &= ~(1UL << cpu_number());
        if (cpus_to_pass == 0) {
            grace_over = grace_begun;
            counts.grace_periods++;
        }
    }
    if (grace_begun == grace_over && grace_wanted > grace_over) {
        grace_begun++;
        cpus_to_pass = cpus_online();
    }
}

/* Closes the CPU's open batch, unless an earlier one of this CPU still waits. The lock is held. */
static void batch_close(struct stack_batch *own)
{
    if (own->waiting.count == 0 && own->gathered.count != 0) {
        stack_chain_join(&own->waiting, &own->gathered);
        own->waiting_for = grace_begun + 1;
        grace_wanted = own->waiting_for;
    }
}

void stack_batch_tick(bool quiescent)
{
    struct stack_batch *own = this_cpu_pointer(batch);
    struct stack_chain released = {0};

    /*
     * Each tick of each CPU comes here. Under a hypervisor the CPU that holds the lock may have
     * been stopped. A tick that waited for the lock could last until the next tick is due. So a
     * tick that finds the lock held leaves the work to the next tick.
     */
    if (!spin_try_lock(&stack_batch_lock)) {
        return;
    }
    if (own->waiting.count != 0 && grace_over >= own->waiting_for) {
        counts.released += own->waiting.count;
        held -= own->waiting.count;
        counts.largest = own->waiting.count > counts.largest ? own->waiting.count : counts.largest;
        stack_chain_join(&released, &own->waiting);
    }
    batch_close(own);
    grace_step(quiescent);
    spin_unlock_quietly(&stack_batch_lock);
    stack_cache_put_batch(&released);
}

void stack_batch_count(uint32_t *slots, size_t *pages)
{
    uint64_t flags = spin_lock_irq_save(&stack_batch_lock);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        stack_chain_count(&cpu_variable(batch, cpu).gathered, slots, pages);
        stack_chain_count(&cpu_variable(batch, cpu).waiting, slots, pages);
    }
    spin_unlock_irq_restore(&stack_batch_lock, flags);
}

bool stack_batch_waits(void)
{
    uint32_t slots = 0;
    size_t pages = 0;
    stack_batch_count(&slots, &pages);
    return slots != 0;
}

void stack_batch_counts_read(struct stack_batch_counts *sum)
{
    *sum = counts;
}
