/* All threads there are, under one lock; the thread_...find functions of thread.h. */
#include "sched/thread_list.h"

static struct spinlock thread_list_lock = SPINLOCK("thread list");
static struct list threads = LIST_INITIALIZER(threads);
static uint32_t next_id = 1, count;

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
        visit(list_entry(node, struct thread, all_node), context);
    }
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
