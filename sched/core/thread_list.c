/* The list of all threads, under one lock; the walks over it, and the ids of threads. */
#include "sched/core/thread_list.h"

#include "arch/x86_64/cpu/depth_section.h"
#include "arch/x86_64/cpu/trace.h"
#include "lib/string.h"
#include "sched/core/thread_test_hooks.h"

#define WALK_STEP 16 /* threads that are visited before the lock is released */
#define WALKS     9  /* walks that can be under way at once; one more sleeps */

static struct spinlock thread_list_lock = SPINLOCK("thread list");
static struct list threads = LIST_INITIALIZER(threads);

/*
 * The ids from next_id to id_limit - 1 belong to no thread. next_id - id_base threads were ever
 * added, modulo 2^32, and `removed` were removed. Guarded by the list's lock.
 */
static uint32_t next_id = 1, id_limit = UINT32_MAX, id_base = 1, removed;

/*
 * A walk releases the lock between its steps, and its bookmark stays in the list as a node that is
 * no thread: so threads can be added and removed meanwhile. Bookmarks are static, since the list's
 * neighbours write to them. The first THREAD_WALKERS entries belong to thread_walk().
 */
struct walk {
    struct list_node bookmark;
    bool placed; /* the bookmark is in the list */
    bool taken;
};

static struct walk walks[WALKS];

static bool is_bookmark(const struct list_node *node)
{
    uintptr_t address = (uintptr_t)node;
    return address >= (uintptr_t)&walks[0] && address < (uintptr_t)&walks[WALKS];
}

/* Takes a walk that is not in use, and sleeps until there is one. */
static struct walk *walk_take(void)
{
    for (;;) {
        uint64_t flags = spin_lock_irq_save(&thread_list_lock);
        for (unsigned i = THREAD_WALKERS; i < WALKS; i++) {
            if (!walks[i].taken) {
                walks[i].taken = true;
                spin_unlock_irq_restore(&thread_list_lock, flags);
                return &walks[i];
            }
        }
        spin_unlock_irq_restore(&thread_list_lock, flags);
        ignore_result(thread_sleep_ns(1)); /* the loop looks again, whatever ended the sleep */
    }
}

/*
 * Visits up to `most` threads from the bookmark on, or from the first one if the bookmark is not in
 * the list. Returns false at the end of the list; then the bookmark is not in the list. The list's
 * lock is held.
 */
static bool walk_step(struct walk *walk, unsigned most,
                      bool (*look)(struct thread *thread, void *context), void *context)
{
    struct list_node *node = walk->placed ? walk->bookmark.next : threads.head.next;
    if (walk->placed) {
        list_remove(&walk->bookmark);
    }
    bool wanted = true;
    while (wanted && most > 0 && node != &threads.head) {
        struct list_node *next = node->next;
        if (likely(!is_bookmark(node))) {
            wanted = look(list_entry(node, struct thread, all_node), context);
            most--;
        }
        node = next;
    }
    walk->placed = node != &threads.head;
    if (walk->placed) {
        list_insert_before(node, &walk->bookmark);
    }
    return walk->placed;
}

bool thread_walk(enum thread_walker walker, unsigned most,
                 bool (*look)(struct thread *thread, void *context), void *context)
{
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    bool more = walk_step(&walks[walker], most, look, context);
    spin_unlock_irq_restore(&thread_list_lock, flags);
    return more;
}

struct visitor {
    void (*visit)(struct thread *thread, void *context);
    void *context;
};

static bool visitor_look(struct thread *thread, void *context)
{
    const struct visitor *visitor = context;
    visitor->visit(thread, visitor->context);
    return true;
}

/*
 * The walk visits as many threads as there are at its start. New threads are added at the end of
 * the list, so by then it has visited every thread that was there at its start and still exists.
 */
void thread_for_each(void (*visit)(struct thread *thread, void *context), void *context)
{
    depth_section(2150);
    struct visitor visitor = {visit, context};
    struct walk *walk = walk_take();
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    uint32_t left = thread_count();
    while (walk_step(walk, left < WALK_STEP ? left : WALK_STEP, visitor_look, &visitor) &&
           left > WALK_STEP) {
        left -= WALK_STEP;
        spin_unlock_irq_restore(&thread_list_lock, flags);
        flags = spin_lock_irq_save(&thread_list_lock);
    }
    if (walk->placed) {
        list_remove(&walk->bookmark);
        walk->placed = false;
    }
    walk->taken = false;
    spin_unlock_irq_restore(&thread_list_lock, flags);
}

struct id_search {
    uint32_t candidate; /* no thread visited so far has this id */
    uint32_t above;     /* the lowest id visited that was above the candidate at that moment */
};

static void id_visit(struct thread *thread, void *context)
{
    struct id_search *search = context;
    if (thread->id == search->candidate) {
        search->candidate++;
    } else if (thread->id > search->candidate && thread->id < search->above) {
        search->above = thread->id;
    }
}

static void next_id_set(uint32_t next)
{
    id_base += next - next_id;
    next_id = next;
}

/*
 * Looks for ids that belong to no thread, from next_id on. It is called once the ids have wrapped,
 * each time that the ids of its last call are used up. The list is mostly in the order of ids, so
 * one walk steps over a whole run of ids in use. No thread gets an id during the walk, because no
 * id is known to be free.
 */
static void ids_find(void)
{
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    uint32_t from = next_id;
    spin_unlock_irq_restore(&thread_list_lock, flags);
    struct id_search search = {.candidate = from, .above = UINT32_MAX};
    thread_for_each(id_visit, &search);
    flags = spin_lock_irq_save(&thread_list_lock);
    if (next_id == from && id_limit == from) { /* else another thread was faster */
        next_id_set(search.candidate < UINT32_MAX ? search.candidate : 1);
        id_limit = next_id == search.candidate ? search.above : next_id;
    }
    spin_unlock_irq_restore(&thread_list_lock, flags);
}

/* The list's lock is held, and there is a free id. */
static always_inline void list_add(struct thread *thread, uint32_t id)
{
    next_id = id + 1;
    thread->id = id;
    list_add_last(&threads, &thread->all_node);
}

/*
 * thread_list_add() when no id is known to be free. Not inlined, so that the usual case stays
 * short.
 */
static never_inline void list_add_late(struct thread *thread)
{
    ids_find();
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    while (next_id == id_limit) {
        spin_unlock_irq_restore(&thread_list_lock, flags);
        ids_find();
        flags = spin_lock_irq_save(&thread_list_lock);
    }
    list_add(thread, next_id);
    spin_unlock_irq_restore(&thread_list_lock, flags);
}

static always_inline void add(struct thread *thread)
{
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    uint32_t id = next_id;
    if (unlikely(id == id_limit)) {
        spin_unlock_irq_restore(&thread_list_lock, flags);
        list_add_late(thread);
        return;
    }
    list_add(thread, id);
    spin_unlock_irq_restore(&thread_list_lock, flags);
}

void thread_name_record(const struct thread *thread)
{
    uint64_t words[4] = {0};
    memcpy(words, thread->name,
           strlen(thread->name) < sizeof(words) ? strlen(thread->name) : sizeof(words));
    trace_record(TRACE_NAME, 0, thread->id, words[0], words[1]);
    if (words[2] != 0) {
        trace_record(TRACE_NAME, 16, thread->id, words[2], words[3]);
    }
}

void thread_list_add(struct thread *thread)
{
    add(thread);
}

static TRACED_FORM void thread_list_add_traced(struct thread *thread)
{
    add(thread);
    thread_name_record(thread);
}
TRACED(thread_list_add, thread_list_add_traced);

void thread_list_remove(struct thread *thread)
{
    spin_lock_by(OFF_ALREADY, &thread_list_lock);
    removed++;
    list_remove(&thread->all_node);
    spin_unlock_quietly(&thread_list_lock);
}

/*
 * A walk reads a thread's pointers only under the lock, and reads them again each time that it
 * takes the lock.
 */
void thread_list_settle(void)
{
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    spin_unlock_irq_restore(&thread_list_lock, flags);
}

void thread_ids_set(uint32_t next)
{
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    next_id_set(next);
    id_limit = next;
    spin_unlock_irq_restore(&thread_list_lock, flags);
}

struct search {
    uint32_t id, slot;
    struct thread *by_id, *by_slot;
};

static void search_visit(struct thread *thread, void *context)
{
    struct search *search = context;
    if (thread->id == search->id) {
        search->by_id = thread;
    }
    if (thread->slot == search->slot && thread->state != THREAD_DEAD) {
        search->by_slot = thread;
    }
}

struct thread *thread_of_slot(uint32_t slot)
{
    struct search search = {.slot = slot};
    thread_for_each(search_visit, &search);
    return search.by_slot;
}

struct thread *thread_of_slot_try(uint32_t slot)
{
    struct thread *found = NULL;
    if (!spin_is_locked(&thread_list_lock) && spin_try_lock(&thread_list_lock)) {
        list_for_each (node, &threads) {
            struct thread *thread = list_entry(node, struct thread, all_node);
            if (!is_bookmark(node) && thread->slot == slot && thread->state != THREAD_DEAD) {
                found = thread;
            }
        }
        spin_unlock_quietly(&thread_list_lock);
    }
    return found;
}

struct thread *thread_find(uint32_t id)
{
    struct search search = {.id = id, .slot = UINT32_MAX};
    thread_for_each(search_visit, &search);
    return search.by_id;
}

uint32_t thread_count(void)
{
    return next_id - id_base - removed;
}

void thread_name_copy(char to[THREAD_NAME_SHOWN_BYTES], const struct thread *thread)
{
    (void)string_copy(to, THREAD_NAME_SHOWN_BYTES, thread->name);
}
