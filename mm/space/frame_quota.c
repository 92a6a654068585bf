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

void frame_quota_release(struct frame_quota *quota)
{
    if (__atomic_sub_fetch(&quota->references, 1, __ATOMIC_ACQ_REL) == 0) {
        if (quota->used != 0) {
            panic("a quota of frames ends with %zu frames charged to it: a release is missing",
                  quota->used);
        }
        kfree(quota);
    }
}

int frame_quota_charge(struct frame_quota *quota, size_t frames)
{
    size_t used = __atomic_load_n(&quota->used, __ATOMIC_RELAXED);
    do {
        if (frames > quota->limit - used) {
            return ERROR_QUOTA;
        }
    } while (!__atomic_compare_exchange_n(&quota->used, &used, used + frames, false,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return OK;
}

void frame_quota_give_back(struct frame_quota *quota, size_t frames)
{
    __atomic_sub_fetch(&quota->used, frames, __ATOMIC_RELAXED);
}

int frame_quota_allocate(struct frame_quota *quota, enum frame_owner owner, physical_t *frame)
{
    int error = frame_quota_charge(quota, 1);
    if (error != OK) {
        return error;
    }
    error = frame_allocate(owner, frame);
    if (error == OK) {
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
