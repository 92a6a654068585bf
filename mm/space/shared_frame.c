/* Counts of shared frames, under one lock for all of them. See shared_frame.h. */
#include "mm/space/shared_frame.h"

#include "arch/x86_64/cpu/spinlock.h"

static struct spinlock shared_lock = SPINLOCK("shared frames");

void shared_frame_add(physical_t frame)
{
    spin_lock(&shared_lock);
    frame_tag_set(frame, frame_tag(frame) + 1);
    spin_unlock(&shared_lock);
}

bool shared_frame_drop(physical_t frame)
{
    spin_lock(&shared_lock);
    uint32_t others = frame_tag(frame);
    if (others != 0) {
        frame_tag_set(frame, others - 1);
    }
    spin_unlock(&shared_lock);
    return others == 0;
}
