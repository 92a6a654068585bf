/* Quotas of frames. See frame_quota.h. */
#include "mm/space/frame_quota.h"

#include "arch/x86_64/cpu/panic.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"

int frame_quota_create(size_t limit, struct frame_quota **out)
{
    void *memory;
    int error = kmalloc(sizeof(struct frame_quota), &memory);
    if (error == OK) {
        *out = memory;
        **out = (struct frame_quota){.limit = limit, .references = 1};
    }
    return error;
}

void frame_quota_acquire(struct frame_quota *quota)
{
    __atomic_add_fetch(&quota->references, 1, __ATOMIC_RELAXED);
}

void frame_quota_nest(struct frame_quota *quota, struct frame_quota *parent)
{
    frame_quota_acquire(parent);
    quota->parent = parent;
}

void frame_quota_reserve_set(struct frame_quota *quota, size_t frames)
{
    __atomic_store_n(&quota->reserve, frames, __ATOMIC_RELAXED);
}

void frame_quota_release(struct frame_quota *quota)
{
    while (quota != NULL && __atomic_sub_fetch(&quota->references, 1, __ATOMIC_ACQ_REL) == 0) {
        struct frame_quota *parent = quota->parent;
        if (quota->used != 0) {
            panic("a quota of frames ends with %zu frames charged to it: a release is missing",
                  quota->used);
        }
        kfree(quota);
        quota = parent;
    }
}

/* Charges frames to a quota, but not to those that it is part of, and not the last `keep` frames. */
static always_inline must_check int charge_one(struct frame_quota *quota, size_t frames,
                                               size_t keep)
{
    size_t used = __atomic_load_n(&quota->used, __ATOMIC_RELAXED);
    do {
        if (used + keep > quota->limit || frames > quota->limit - used - keep) {
            return ERROR_QUOTA;
        }
    } while (!__atomic_compare_exchange_n(&quota->used, &used, used + frames, false,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return OK;
}

/* Gives charges back from a quota outwards, up to `end`, which was not charged. */
static always_inline void give_back_to(struct frame_quota *quota, const struct frame_quota *end,
                                       size_t frames)
{
    for (; quota != end; quota = quota->parent) {
        __atomic_sub_fetch(&quota->used, frames, __ATOMIC_RELAXED);
    }
}

/* A quota is a task's or a budget's. The reserve of a budget is there for the budget's own tasks. */
static always_inline must_check int charge(struct frame_quota *quota, size_t frames)
{
    struct frame_quota *own_budget = quota->parent;
    int error = charge_one(quota, frames, 0);

    for (struct frame_quota *at = own_budget; at != NULL && error == OK; at = at->parent) {
        size_t reserve = at == own_budget ? 0 : __atomic_load_n(&at->reserve, __ATOMIC_RELAXED);
        error = charge_one(at, frames, reserve);
        if (error != OK) {
            give_back_to(quota, at, frames);
        }
    }
    return error;
}

int frame_quota_charge(struct frame_quota *quota, size_t frames)
{
    return charge(quota, frames);
}

void frame_quota_give_back(struct frame_quota *quota, size_t frames)
{
    give_back_to(quota, NULL, frames);
}

int frame_quota_allocate(struct frame_quota *quota, enum frame_owner owner, physical_t *frame)
{
    int error = charge(quota, 1);
    if (error != OK) {
        return error;
    }
    error = frame_allocate(owner, frame);
    if (likely(error == OK)) {
        frame_zero(*frame);
    } else {
        frame_quota_give_back(quota, 1);
    }
    return error;
}

void frame_quota_free(struct frame_quota *quota, enum frame_owner owner, physical_t frame)
{
    frame_free(frame, owner);
    frame_quota_give_back(quota, 1);
}

/* Frames that so many bytes of descriptors count as. */
static size_t frames_of(size_t bytes)
{
    return align_up(bytes, PAGE_BYTES) / PAGE_BYTES;
}

/* The frame is charged before the sum grows, so it is never charged too little. */
int frame_quota_charge_bytes(struct frame_quota *quota, size_t bytes)
{
    size_t before = __atomic_load_n(&quota->bytes, __ATOMIC_RELAXED);
    for (;;) {
        size_t more = frames_of(before + bytes) - frames_of(before);
        int error = more != 0 ? frame_quota_charge(quota, more) : OK;
        if (error != OK) {
            return error;
        }
        if (__atomic_compare_exchange_n(&quota->bytes, &before, before + bytes, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            return OK;
        }
        frame_quota_give_back(quota, more);
    }
}

void frame_quota_give_back_bytes(struct frame_quota *quota, size_t bytes)
{
    size_t before = __atomic_fetch_sub(&quota->bytes, bytes, __ATOMIC_RELAXED);
    frame_quota_give_back(quota, frames_of(before) - frames_of(before - bytes));
}
