/*
 * The slow half of the dispatch gate, and the queue of those it did not let pass. There is one such
 * queue for all CPUs: memory is one, so whoever is most urgent and oldest gets it first.
 */
#include "sched/gate.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/report.h"
#include "mm/frame.h"
#include "mm/stack.h"
#include "mm/stack_cache.h"
#include "mm/stack_reserve.h"
#include "sched/run_queue.h"
#include "sched/schedule.h"

struct gate_counts gate_counts;

static struct spinlock starved_lock = SPINLOCK("starved threads");
/* One list for each priority, oldest first, and a bit for each list that is not empty. */
static struct list starved_lists[THREAD_PRIORITIES];
static uint32_t starved_bits;

static bool gate_open; /* gate=off: everybody passes, as in kernels that have no gate */

void gate_off(void)
{
    gate_open = true;
}

/* Without a gate everybody passes, but who cannot be switched to before he has pages of his. */
static bool passes_uncovered(const struct thread *to)
{
    return gate_open && (to->attention & (THREAD_ATTENTION_SWAPPED | THREAD_ATTENTION_PAGES)) == 0;
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
    if (to->starved_since_ns == 0 && more != 0 && stack_memory_short()) {
        return passes_uncovered(to);
    }
    return magazine_refill_more(more) || passes_uncovered(to);
}

/*
 * Frames that threads were let go for which have not passed the gate yet: promised, though they
 * still count as free. Without it the same frames would be promised twice, and threads less urgent
 * let go too. Guarded by starved_lock.
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
    return list_entry(node, struct thread, run_node)->starved_since_ns;
}

/*
 * By age among its peers. Who just began is the youngest, who tried again is among the oldest: from
 * the right end the search is short, however many starve. starved_lock is held.
 */
static void starved_insert(struct thread *thread, bool newcomer)
{
    struct list *list = &starved_lists[thread->priority];
    if (list->head.next == NULL) {
        list_init(list);
    }
    uint64_t since_ns = thread->starved_since_ns;
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
    starved_bits |= 1U << thread->priority;
}

/* Its priority is still the one by which it was inserted. starved_lock is held. */
static void starved_remove(struct thread *thread)
{
    list_remove(&thread->run_node);
    if (list_empty(&starved_lists[thread->priority])) {
        starved_bits &= ~(1U << thread->priority);
    }
}

void gate_starve(struct thread *thread)
{
    uint64_t flags = spin_lock_irq_save(&starved_lock);
    promise_end(thread);
    bool newcomer = thread->starved_since_ns == 0;
    if (newcomer) {
        thread->starved_since_ns = clock_now_ns();
        gate_counts.waits++;
        gate_counts.episodes += stack_hungry() == 0;
        stack_hungry_add(1);
    }
    thread->state = THREAD_STARVED;
    thread->attention |= THREAD_ATTENTION_STARVED;
    starved_insert(thread, newcomer);
    stack_starving_add(1);
    spin_unlock_irq_restore(&starved_lock, flags);
}

void gate_priority_change(struct thread *thread, uint8_t priority)
{
    uint64_t flags = spin_lock_irq_save(&starved_lock);
    bool waits = list_node_linked(&thread->run_node); /* else it was let go just now */
    if (waits) {
        starved_remove(thread);
    }
    thread->priority = priority;
    if (waits) {
        starved_insert(thread, false);
    }
    spin_unlock_irq_restore(&starved_lock, flags);
}

bool gate_expendable_take_out(struct thread *thread)
{
    spin_lock_by(OFF_ALREADY, &starved_lock);
    /*
     * In a run queue its node is linked, too, but before that it no longer says that it starves:
     * hence in this order. Who is in the starved queue stays there, and so as he is, till unlock.
     */
    bool linked = list_node_linked(&thread->run_node);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    bool taken = linked && thread->state == THREAD_STARVED && thread->expendable &&
                 !list_node_linked(&thread->wait.node) &&
                 !(thread->attention & THREAD_ATTENTION_SWAPPED); /* its stack has no top page */
    if (taken) {
        thread->attention = 0;
        starved_remove(thread);
        stack_starving_add(-1);
        stack_hungry_add(-1);
        thread->starved_since_ns = 0;
    }
    spin_unlock_quietly(&starved_lock);
    return taken;
}

static void (*watcher)(const struct thread *let_go); /* guarded by starved_lock */

void gate_watch(void (*wanted)(const struct thread *let_go))
{
    uint64_t flags = spin_lock_irq_save(&starved_lock);
    watcher = wanted;
    spin_unlock_irq_restore(&starved_lock, flags);
}

/* The first of the queue if there are frames for the rest of its stack; it is out of the queue. */
static struct thread *starved_take(void)
{
    struct thread *thread = NULL;
    uint64_t flags = spin_lock_irq_save(&starved_lock);
    /* What lies in some CPU's front list helps only there; the tick empties those lists. */
    size_t frames = frame_shared_free_count() + stack_reserve_count();
    if (starved_bits != 0) {
        const struct list *list = &starved_lists[run_queue_most_urgent(starved_bits)];
        struct thread *first = list_entry(list_first(list), struct thread, run_node);
        uint32_t need = stack_missing(first->slot);
        if (promised + need <= frames) {
            thread = first;
            thread->promised_frames = (uint8_t)need;
            promised += need;
            starved_remove(thread);
            stack_starving_add(-1);
            gate_counts.fed++;
            if (unlikely(watcher != NULL)) {
                watcher(thread);
            }
        }
    }
    spin_unlock_irq_restore(&starved_lock, flags);
    return thread;
}

/*
 * One CPU at a time, and a few threads: interrupts are off, and who is let go may starve again at
 * once. Whoever is left is fed by the next tick.
 */
void gate_feed(void)
{
    static bool feeding;
    if (__atomic_exchange_n(&feeding, true, __ATOMIC_ACQUIRE)) {
        return;
    }
    struct thread *thread;
    for (unsigned fed = 0; fed < GATE_FED_AT_ONCE && (thread = starved_take()) != NULL; fed++) {
        schedule_ready(thread, THREAD_STARVED);
    }
    __atomic_store_n(&feeding, false, __ATOMIC_RELEASE);
}

void gate_help(uint32_t keep)
{
    magazine_drain(keep);
    frame_cache_drain_this_cpu();
    stack_cache_drain();
    gate_feed();
}

void gate_fed(struct thread *thread)
{
    thread->attention &= (uint8_t)~THREAD_ATTENTION_STARVED;
    uint64_t flags = spin_lock_irq_save(&starved_lock);
    promise_end(thread);
    spin_unlock_irq_restore(&starved_lock, flags);
    stack_hungry_add(-1);
    uint64_t waited_ns = clock_now_ns() - thread->starved_since_ns;
    thread->starved_since_ns = 0;
    if (waited_ns > gate_counts.longest_wait_ns) {
        gate_counts.longest_wait_ns = waited_ns;
    }
}
