/*
 * Quotas of frames: how many frames a task may own for its page tables and the pages of its memory
 * objects. A frame is charged before it is allocated, and its charge is given back after it is
 * freed. A memory object may live longer than the task, so a quota is counted by references and
 * lives as long as something is charged to it.
 */
#pragma once

#include "mm/frame/frame.h"

#define FRAME_QUOTA_NONE SIZE_MAX /* a limit that is never reached */

struct frame_quota {
    size_t limit;        /* in frames */
    size_t used;         /* atomic */
    uint32_t references; /* atomic */
};

/*
 * Creates a quota with one reference. Context: THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int frame_quota_create(size_t limit, struct frame_quota **out);

/* Takes one more reference. Context: ANY. */
void frame_quota_acquire(struct frame_quota *quota);

/* Gives a reference back; the last one frees the quota. Context: IRQ. */
void frame_quota_release(struct frame_quota *quota);

/* Charges frames. Context: ANY. Errors: ERROR_QUOTA (more than the limit; nothing is charged). */
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
