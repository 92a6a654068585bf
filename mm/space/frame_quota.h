/*
 * Quotas of frames: how many frames a task may own for its page tables, the pages of its memory
 * objects, and the kernel's descriptors of its regions. Descriptors are smaller than frames, so
 * their bytes are summed, and the sum is charged in whole frames. A frame is charged before it is
 * allocated, and its charge is given back after it is freed. A memory object may live longer than
 * the task, so a quota is counted by references and lives as long as something is charged to it.
 *
 * A quota may be part of another one: then its charges count there, too, and in the one that this
 * is part of, and so on.
 */
#pragma once

#include "mm/frame/frame.h"

#define FRAME_QUOTA_NONE SIZE_MAX /* a limit that is never reached */

struct frame_quota {
    size_t limit;        /* in frames */
    size_t used;         /* atomic */
    size_t bytes;        /* of descriptors; their frames are part of `used`; atomic */
    size_t reserve;      /* frames that quotas within the quotas of this one cannot have; atomic */
    uint32_t references; /* atomic */
    struct frame_quota *parent; /* a reference; NULL: it is part of none */
};

/*
 * Creates a quota with one reference. Context: THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int frame_quota_create(size_t limit, struct frame_quota **out);

/* Makes a quota to which nothing is charged yet a part of another one. Context: THREAD. */
void frame_quota_nest(struct frame_quota *quota, struct frame_quota *parent);

/* Sets the reserve. Context: ANY. */
void frame_quota_reserve_set(struct frame_quota *quota, size_t frames);

/* Takes one more reference. Context: ANY. */
void frame_quota_acquire(struct frame_quota *quota);

/* Gives a reference back; the last one frees the quota. Context: IRQ. */
void frame_quota_release(struct frame_quota *quota);

/*
 * Charges frames. Context: ANY. Errors: ERROR_QUOTA (more than the limit, or than that of a quota of
 * which this one is part; nothing is charged).
 */
must_check int frame_quota_charge(struct frame_quota *quota, size_t frames);

/*
 * Charges one frame and allocates it for `owner`, zeroed. Context: IRQ. Errors: ERROR_QUOTA,
 * ERROR_NO_MEMORY.
 */
must_check int frame_quota_allocate(struct frame_quota *quota, enum frame_owner owner,
                                    physical_t *frame);

/* Frees one frame of `owner` and gives its charge back. Context: IRQ. */
void frame_quota_free(struct frame_quota *quota, enum frame_owner owner, physical_t frame);

/* Gives back the charge of `frames` frames. Context: ANY. */
void frame_quota_give_back(struct frame_quota *quota, size_t frames);

/*
 * Charges `bytes` bytes of a descriptor, at most a page. Context: ANY. Errors: ERROR_QUOTA (nothing
 * is charged).
 */
must_check int frame_quota_charge_bytes(struct frame_quota *quota, size_t bytes);

/* Gives back the charge of a descriptor. Context: ANY. */
void frame_quota_give_back_bytes(struct frame_quota *quota, size_t bytes);
