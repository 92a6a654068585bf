/* See budget.h. */
#include "kernel/task/budget.h"

#include "lib/error.h"
#include "mm/heap/kmalloc.h"

#define NO_LIMIT UINT32_MAX

int budget_create(struct budget *parent, size_t frames, struct budget **out)
{
    void *memory;
    unsigned depth = parent != NULL ? parent->depth + 1 : 0;
    int error = depth < BUDGET_DEPTH_MAX ? kmalloc(sizeof(struct budget), &memory) : ERROR_QUOTA;
    if (error != OK) {
        return error;
    }
    struct budget *budget = memory;
    *budget = (struct budget){
        .parent = parent,
        .references = 1,
        .depth = depth,
        .task_limit = parent != NULL ? BUDGET_INNER(parent->task_limit) : NO_LIMIT,
        .thread_limit = parent != NULL ? BUDGET_INNER(parent->thread_limit) : NO_LIMIT};
    error = frame_quota_create(frames, &budget->quota);
    if (error != OK) {
        kfree(budget);
        return error;
    }
    if (parent != NULL) {
        frame_quota_nest(budget->quota, parent->quota);
        budget_acquire(parent);
    }
    *out = budget;
    return OK;
}

void budget_acquire(struct budget *budget)
{
    if (budget != NULL) {
        __atomic_add_fetch(&budget->references, 1, __ATOMIC_RELAXED);
    }
}

void budget_release(struct budget *budget)
{
    while (budget != NULL && __atomic_sub_fetch(&budget->references, 1, __ATOMIC_ACQ_REL) == 0) {
        struct budget *parent = budget->parent;
        frame_quota_release(budget->quota);
        kfree(budget);
        budget = parent;
    }
}

/* Adds 1 to a counter unless it has reached its limit. */
static bool count_up(uint32_t *count, const uint32_t *limit)
{
    uint32_t have = __atomic_load_n(count, __ATOMIC_RELAXED);
    do {
        if (have >= __atomic_load_n(limit, __ATOMIC_RELAXED)) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(count, &have, have + 1, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

static void count_down(uint32_t *count)
{
    __atomic_sub_fetch(count, 1, __ATOMIC_RELAXED);
}

/* Gives back what was charged from a budget outwards, up to `end`, which was not. */
static void tasks_give_back(struct budget *from, const struct budget *end)
{
    for (struct budget *at = from; at != end; at = at->parent) {
        count_down(&at->tasks);
    }
}

static void threads_give_back(struct budget *from, const struct budget *end)
{
    for (struct budget *at = from; at != end; at = at->parent) {
        count_down(&at->threads);
    }
}

int budget_task_add(struct budget *budget)
{
    if (budget_has_ended(budget)) {
        return ERROR_PEER_DIED;
    }
    for (struct budget *at = budget; at != NULL; at = at->parent) {
        if (!count_up(&at->tasks, &at->task_limit)) {
            tasks_give_back(budget, at);
            return ERROR_QUOTA;
        }
    }
    return OK;
}

int budget_thread_add(struct budget *budget)
{
    for (struct budget *at = budget; at != NULL; at = at->parent) {
        if (!count_up(&at->threads, &at->thread_limit)) {
            threads_give_back(budget, at);
            return ERROR_QUOTA;
        }
    }
    return OK;
}

void budget_task_remove(struct budget *budget)
{
    tasks_give_back(budget, NULL);
}

void budget_thread_remove(struct budget *budget)
{
    threads_give_back(budget, NULL);
}

void budget_limits_set(struct budget *budget, uint32_t tasks, uint32_t threads, size_t reserve)
{
    if (tasks != 0) {
        __atomic_store_n(&budget->task_limit, tasks, __ATOMIC_RELAXED);
    }
    if (threads != 0) {
        __atomic_store_n(&budget->thread_limit, threads, __ATOMIC_RELAXED);
    }
    if (reserve != 0) {
        frame_quota_reserve_set(budget->quota, reserve);
    }
}

void budget_end(struct budget *budget)
{
    __atomic_store_n(&budget->ended, true, __ATOMIC_SEQ_CST);
}

bool budget_has_ended(const struct budget *budget)
{
    for (; budget != NULL; budget = budget->parent) {
        if (__atomic_load_n(&budget->ended, __ATOMIC_SEQ_CST)) {
            return true;
        }
    }
    return false;
}

bool budget_is_outermost(const struct budget *budget)
{
    return budget == NULL || budget->parent == NULL;
}

bool budget_contains(const struct budget *budget, const struct budget *inner)
{
    while (inner != NULL && inner != budget) {
        inner = inner->parent;
    }
    return inner != NULL;
}
