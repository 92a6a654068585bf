/*
 * The slow part of the dispatch gate, and the memory queue: the threads that the gate refused. All
 * CPUs share one memory queue, since they share the memory: the thread of highest priority that has
 * waited longest gets frames first.
 */
#include "sched/stack/gate.h"

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/time/clock.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/run_queue.h"
#include "sched/core/schedule.h"
#include "sched/stack/gate_test_hooks.h"

#define MEMORY_SEARCH_MOST 256 /* steps from each end of a list, of about 10 instructions each */

struct gate_counts gate_counts;

static struct spinlock memory_queue_lock = SPINLOCK("memory queue");
/* One list for each priority, oldest first, and a bit for each list that is not empty. */
static struct list memory_queue_lists[THREAD_PRIORITIES];
static uint32_t memory_queue_bits;

static bool gate_open; /* threads pass without cover: gate_off() */

void gate_off(void)
{
    gate_open = true;
}

/* With gate=off every thread passes, except one that needs pages before it can be switched to. */
static bool passes_uncovered(const struct thread *to)
{
    return gate_open && (to->pending & (THREAD_PENDING_SWAPPED | THREAD_PENDING_PAGES)) == 0;
}

bool gate_pass_slowly(struct thread *from, const struct thread *to)
{
    uint32_t backed = stack_pages_backed(from->slot);
    if (backed > from->pages_most) {
        from->pages_most = (uint16_t)backed;
        if (from->user != NULL) {
            thread_stack_grew(from);
        }
    }
    /*
     * The calls below run on the stack of `from` and may fill pages of it. Such a fill lowers both
     * `need` and `available` by one, so their difference stays right.
     */
    /* LAB 7 BEGIN gate-pass: what both stacks miss, and whether the magazine covers it now */
    uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);
    uint32_t available = magazine_available();
    uint32_t more = need > available ? need - available : 0;
    /* A thread that has not waited yet must not take frames that others wait for. */
    if (to->memory_wait_since_ns == 0 && more != 0 && stack_memory_short()) {
        return passes_uncovered(to);
    }
    return magazine_refill_more(more) || passes_uncovered(to);
    /* LAB 7 END gate-pass */
}

/*
 * Frames promised to threads that were granted another try and have not passed the gate yet. They
 * still count as free; without this count they would be promised twice, and threads of lower
 * priority would be granted a try as well. Guarded by memory_queue_lock.
 */
static uint32_t promised;

uint32_t gate_promised(void)
{
    return __atomic_load_n(&promised, __ATOMIC_RELAXED);
}

static maybe_unused void promise_end(struct thread *thread)
{
    promised -= thread->promised_frames;
    thread->promised_frames = 0;
}

static uint64_t since_of(const struct list_node *node)
{
    return list_entry(node, struct thread, run_node)->memory_wait_since_ns;
}

/*
 * Inserts a thread into its priority's list, ordered by the time at which the waits began. A thread
 * that begins to wait belongs near the end, and one that tried again in vain belongs near the head,
 * so a search from both ends is short. The search ends after MEMORY_SEARCH_MOST steps. A thread
 * whose place was not found by then, because its priority was changed, goes behind the
 * MEMORY_SEARCH_MOST oldest threads. memory_queue_lock is held.
 */
static void memory_queue_insert(struct thread *thread)
{
    /* LAB 7 BEGIN queue-insert: the thread's place, searched from both ends */
    struct list *list = &memory_queue_lists[thread->priority];
    if (list->head.next == NULL) {
        list_init(list);
    }
    uint64_t since_ns = thread->memory_wait_since_ns;
    struct list_node *older = list->head.previous, *younger = list->head.next;
    for (unsigned i = 0; i < MEMORY_SEARCH_MOST; i++) {
        if (older == &list->head || since_of(older) <= since_ns) {
            younger = older->next; /* the place is behind `older` */
            break;
        }
        if (since_of(younger) > since_ns) {
            break; /* the place is ahead of `younger` */
        }
        older = older->previous;
        younger = younger->next;
    }
    list_insert_before(younger, &thread->run_node);
    memory_queue_bits |= 1U << thread->priority;
    /* LAB 7 END queue-insert */
}

/* The thread still has the priority that it was inserted with. memory_queue_lock is held. */
static void memory_queue_remove(struct thread *thread)
{
    list_remove(&thread->run_node);
    if (list_empty(&memory_queue_lists[thread->priority])) {
        memory_queue_bits &= ~(1U << thread->priority);
    }
}

static always_inline void wait_begin(struct thread *thread)
{
    uint64_t flags = spin_lock_irq_save(&memory_queue_lock);
    /* LAB 7 BEGIN wait: the thread begins to wait, or goes on waiting */
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
    memory_queue_insert(thread);
    memory_queued_add(1);
    /* LAB 7 END wait */
    spin_unlock_irq_restore(&memory_queue_lock, flags);
}

void gate_wait(struct thread *thread)
{
    wait_begin(thread);
}

static TRACED_FORM void gate_wait_traced(struct thread *thread)
{
    trace_record(TRACE_GATE_WAIT, 0, thread->id, stack_missing(thread->slot), 0);
    wait_begin(thread);
}
TRACED(gate_wait, gate_wait_traced);

void gate_priority_change(struct thread *thread, uint8_t priority)
{
    uint64_t flags = spin_lock_irq_save(&memory_queue_lock);
    bool waits = list_node_linked(&thread->run_node); /* else it was granted another try just now */
    if (waits) {
        memory_queue_remove(thread);
    }
    thread->priority = priority;
    if (waits) {
        memory_queue_insert(thread);
    }
    spin_unlock_irq_restore(&memory_queue_lock, flags);
}

bool gate_expendable_take_out(struct thread *thread)
{
    spin_lock_by(OFF_ALREADY, &memory_queue_lock);
    /*
     * The node is read before the state. On its way from the memory queue to a run queue a thread
     * changes its state before its node is linked again, so a linked node together with the state
     * THREAD_WAITS_MEMORY means that it is in the memory queue. It stays there until the unlock.
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

static void (*watcher)(const struct thread *granted); /* guarded by memory_queue_lock */

void gate_watch(void (*wanted)(const struct thread *granted))
{
    uint64_t flags = spin_lock_irq_save(&memory_queue_lock);
    watcher = wanted;
    spin_unlock_irq_restore(&memory_queue_lock, flags);
}

/* Removes and returns the first thread of the queue if free frames cover its missing pages. */
static struct thread *memory_queue_take(void)
{
    struct thread *thread = NULL;
    uint64_t flags = spin_lock_irq_save(&memory_queue_lock);
    /*
     * Frames in per-CPU free lists do not count: until the CPU's next tick gives them back, only
     * that CPU can take them.
     */
    /* LAB 7 BEGIN take: the first thread that waits, if the free frames cover it */
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
            gate_counts.grants++;
            if (unlikely(watcher != NULL)) {
                watcher(thread);
            }
        }
    }
    /* LAB 7 END take */
    spin_unlock_irq_restore(&memory_queue_lock, flags);
    return thread;
}

/* True while a CPU is in gate_grant(). */
static bool granting;

/*
 * The number of threads is limited because interrupts are off, and because a granted thread may be
 * refused and come back at once. The next tick goes on with the rest.
 */
void gate_grant(void)
{
    /* LAB 7 BEGIN grant: some threads may try again, and one CPU at a time says which */
    if (__atomic_exchange_n(&granting, true, __ATOMIC_ACQUIRE)) {
        return;
    }
    struct thread *thread;
    for (unsigned grants = 0;
         grants < GATE_GRANTS_AT_ONCE && (thread = memory_queue_take()) != NULL; grants++) {
        schedule_ready(thread, THREAD_WAITS_MEMORY);
    }
    __atomic_store_n(&granting, false, __ATOMIC_RELEASE);
    /* LAB 7 END grant */
}

void gate_help(uint32_t keep)
{
    magazine_drain(keep);
    frame_cache_drain_this_cpu();
    stack_cache_drain();
    gate_grant();
}

static always_inline void wait_end(struct thread *thread)
{
    /* LAB 7 BEGIN wait-end: it runs again: the promise is kept, the wait over */
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
    /* LAB 7 END wait-end */
}

void gate_wait_end(struct thread *thread)
{
    wait_end(thread);
}

static TRACED_FORM void gate_wait_end_traced(struct thread *thread)
{
    trace_record(TRACE_GATE_WAIT_END, 0, thread->id, 0, 0);
    wait_end(thread);
}
TRACED(gate_wait_end, gate_wait_end_traced);
