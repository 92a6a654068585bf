/* The list of all threads, under one lock, and the searches of thread.h. */
#include "sched/core/thread_list.h"

static struct spinlock thread_list_lock = SPINLOCK("thread list");
static struct list threads = LIST_INITIALIZER(threads);
static uint32_t next_id = 1, count;

/* Where thread_walk() continues: a node in the list, so that threads may be added and removed. */
static struct list_node bookmark = {&bookmark, &bookmark};

void thread_list_add(struct thread *thread)
{
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    thread->id = next_id++;
    count++;
    list_add_last(&threads, &thread->all_node);
    spin_unlock_irq_restore(&thread_list_lock, flags);
}

void thread_list_remove(struct thread *thread)
{
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    count--;
    list_remove(&thread->all_node);
    spin_unlock_irq_restore(&thread_list_lock, flags);
}

void thread_for_each(void (*visit)(struct thread *thread, void *context), void *context)
{
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    list_for_each (node, &threads) {
        if (likely(node != &bookmark)) {
            visit(list_entry(node, struct thread, all_node), context);
        }
    }
    spin_unlock_irq_restore(&thread_list_lock, flags);
}

bool thread_walk(unsigned most, bool (*look)(struct thread *thread, void *context), void *context)
{
    uint64_t flags = spin_lock_irq_save(&thread_list_lock);
    struct list_node *node = list_node_linked(&bookmark) ? bookmark.next : threads.head.next;
    if (list_node_linked(&bookmark)) {
        list_remove(&bookmark);
    }
    bool wanted = true;
    for (; wanted && most > 0 && node != &threads.head; most--) {
        struct thread *thread = list_entry(node, struct thread, all_node);
        node = node->next;
        wanted = look(thread, context);
    }
    bool more = node != &threads.head;
    if (more) {
        list_insert_before(node, &bookmark);
    }
    spin_unlock_irq_restore(&thread_list_lock, flags);
    return more;
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
            if (node != &bookmark && thread->slot == slot && thread->state != THREAD_DEAD) {
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
    return count;
}
