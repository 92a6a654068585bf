/*
 * The slow half of the dispatch gate, and the queue of those it did not let pass. There is one such
 * queue for all CPUs: memory is one, so whoever is most urgent and oldest gets it first.
 */
#include "sched/stack/gate.h"

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/time/clock.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/run_queue.h"
#include "sched/core/schedule.h"
#include "sched/stack/gate_test_hooks.h"

struct gate_counts gate_counts;

static struct spinlock memory_queue_lock = SPINLOCK("starved threads");
/* One list for each priority, oldest first, and a bit for each list that is not empty. */
static struct list memory_queue_lists[THREAD_PRIORITIES];
static uint32_t memory_queue_bits;

static bool gate_open; /* gate=off: everybody passes, as in kernels that have no gate */

void gate_off(void)
{
    gate_open = true;
}

/* Without a gate everybody passes, but who cannot be switched to before he has pages of his. */
static bool passes_uncovered(const struct thread *to)
{
    return gate_open && (to->pending & (THREAD_PENDING_SWAPPED | THREAD_PENDING_PAGES)) == 0;
}

bool gate_pass_slowly(struct thread *from, const struct thread *to)
{
    uint32_t backed = stack_pages_backed(from->slot);
    if (backed > from->pages_most) {
        from->pages_most = (uint16_t)backed;
    }
    /*
     * What is called here may fill pages of `from`, whose stack it runs on. Both numbers are read
     * after that has happened, and before it could again: their difference stays as it is.
     */
    uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);
    uint32_t available = magazine_available();
    uint32_t more = need > available ? need - available : 0;
    /* Who has not waited yet gets in line behind those who have: no newcomer takes their frames. */
    if (to->memory_wait_since_ns == 0 && more != 0 && stack_memory_short()) {
        return passes_uncovered(to);
    }
    return magazine_refill_more(more) || passes_uncovered(to);
}

/*
 * Frames that threads were let go for which have not passed the gate yet: promised, though they
 * still count as free. Without it the same frames would be promised twice, and threads less urgent
 * let go too. Guarded by memory_queue_lock.
 */
static uint32_t promised;

uint32_t gate_promised(void)
{
    return __atomic_load_n(&promised, __ATOMIC_RELAXED);
}

static void promise_end(struct thread *thread)
{
    promised -= thread->promised_frames;
    thread->promised_frames = 0;
}

static uint64_t since_of(const struct list_node *node)
{
    return list_entry(node, struct thread, run_node)->memory_wait_since_ns;
}

/*
 * By age among its peers. Who just began is the youngest, who tried again is among the oldest: from
 * the right end the search is short, however many starve. memory_queue_lock is held.
 */
static void memory_queue_insert(struct thread *thread, bool newcomer)
{
    struct list *list = &memory_queue_lists[thread->priority];
    if (list->head.next == NULL) {
        list_init(list);
    }
    uint64_t since_ns = thread->memory_wait_since_ns;
    struct list_node *place;
    if (newcomer) {
        place = &list->head;
        while (place->previous != &list->head && since_of(place->previous) > since_ns) {
            place = place->previous;
        }
    } else {
        place = list->head.next;
        while (place != &list->head && since_of(place) <= since_ns) {
            place = place->next;
        }
    }
    list_insert_before(place, &thread->run_node);
    memory_queue_bits |= 1U << thread->priority;
}

/* Its priority is still the one by which it was inserted. memory_queue_lock is held. */
static void memory_queue_remove(struct thread *thread)
{
    list_remove(&thread->run_node);
    if (list_empty(&memory_queue_lists[thread->priority])) {
        memory_queue_bits &= ~(1U << thread->priority);
    }
}

void gate_wait(struct thread *thread)
{
    uint64_t flags = spin_lock_irq_save(&memory_queue_lock);
    promise_end(thread);
    bool newcomer = thread->memory_wait_since_ns == 0;
    if (newcomer) {
        thread->memory_wait_since_ns = clock_now_ns();
        gate_counts.waits++;
        gate_counts.episodes += memory_waiters() == 0;
        memory_waiters_add(1);
    }
    thread->state = THREAD_WAITS_MEMORY;
    thread->pending |= THREAD_PENDING_MEMORY;
    memory_queue_insert(thread, newcomer);
    memory_queued_add(1);
    spin_unlock_irq_restore(&memory_queue_lock, flags);
}

void gate_priority_change(struct thread *thread, uint8_t priority)
{
    uint64_t flags = spin_lock_irq_save(&memory_queue_lock);
    bool waits = list_node_linked(&thread->run_node); /* else it was let go just now */
    if (waits) {
        memory_queue_remove(thread);
    }
    thread->priority = priority;
    if (waits) {
        memory_queue_insert(thread, false);
    }
    spin_unlock_irq_restore(&memory_queue_lock, flags);
}

bool gate_expendable_take_out(struct thread *thread)
{
    spin_lock_by(OFF_ALREADY, &memory_queue_lock);
    /*
     * In a run queue its node is linked, too, but before that it no longer says that it starves:
     * hence in this order. Who is in the starved queue stays there, and so as he is, till unlock.
     */
    bool linked = list_node_linked(&thread->run_node);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    bool taken = linked && thread->state == THREAD_WAITS_MEMORY && thread->expendable &&
                 !list_node_linked(&thread->wait.node) &&
                 !(thread->pending & THREAD_PENDING_SWAPPED); /* its stack has no top page */
    if (taken) {
        thread->pending = 0;
        memory_queue_remove(thread);
        memory_queued_add(-1);
        memory_waiters_add(-1);
        thread->memory_wait_since_ns = 0;
    }
    spin_unlock_quietly(&memory_queue_lock);
    return taken;
}

static void (*watcher)(const struct thread *let_go); /* guarded by memory_queue_lock */

void gate_watch(void (*wanted)(const struct thread *let_go))
{
    uint64_t flags = spin_lock_irq_save(&memory_queue_lock);
    watcher = wanted;
    spin_unlock_irq_restore(&memory_queue_lock, flags);
}

/* The first of the queue if there are frames for the rest of its stack; it is out of the queue. */
static struct thread *memory_queue_take(void)
{
    struct thread *thread = NULL;
    uint64_t flags = spin_lock_irq_save(&memory_queue_lock);
    /* What lies in some CPU's per-CPU free list helps only there; the tick empties those lists. */
    size_t frames = frame_shared_free_count() + stack_reserve_count();
    if (memory_queue_bits != 0) {
        const struct list *list = &memory_queue_lists[run_queue_most_urgent(memory_queue_bits)];
        struct thread *first = list_entry(list_first(list), struct thread, run_node);
        uint32_t need = stack_missing(first->slot);
        if (promised + need <= frames) {
            thread = first;
            thread->promised_frames = (uint8_t)need;
            promised += need;
            memory_queue_remove(thread);
            memory_queued_add(-1);
            gate_counts.fed++;
            if (unlikely(watcher != NULL)) {
                watcher(thread);
            }
        }
    }
    spin_unlock_irq_restore(&memory_queue_lock, flags);
    return thread;
}

/* A CPU is in gate_grant(): one at a time is enough, and none waits for it. */
static bool granting;

/*
 * At most GATE_GRANTS_AT_ONCE threads, because interrupts are off and a granted thread may come
 * back at once. The next tick goes on with the rest.
 */
void gate_grant(void)
{
    if (__atomic_exchange_n(&granting, true, __ATOMIC_ACQUIRE)) {
        return;
    }
    struct thread *thread;
    for (unsigned grants = 0;
         grants < GATE_GRANTS_AT_ONCE && (thread = memory_queue_take()) != NULL; grants++) {
        schedule_ready(thread, THREAD_WAITS_MEMORY);
    }
    __atomic_store_n(&granting, false, __ATOMIC_RELEASE);
}

void gate_help(uint32_t keep)
{
    magazine_drain(keep);
    frame_cache_drain_this_cpu();
    stack_cache_drain();
    gate_grant();
}

void gate_wait_end(struct thread *thread)
{
    thread->pending &= (uint8_t)~THREAD_PENDING_MEMORY;
    uint64_t flags = spin_lock_irq_save(&memory_queue_lock);
    promise_end(thread);
    spin_unlock_irq_restore(&memory_queue_lock, flags);
    memory_waiters_add(-1);
    uint64_t waited_ns = clock_now_ns() - thread->memory_wait_since_ns;
    thread->memory_wait_since_ns = 0;
    if (waited_ns > gate_counts.longest_wait_ns) {
        gate_counts.longest_wait_ns = waited_ns;
    }
}
