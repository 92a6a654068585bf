/*
 * Frames that several memory objects share after a clone. The frame's tag counts the objects beyond
 * the first, so a tag of 0 means that one object has the frame for itself.
 */
#pragma once

#include "mm/frame/frame.h"

/*
 * Returns whether more than one object has the frame. "No" is certain for an object that holds its
 * own lock, because only its clone could share the frame. Context: ANY.
 */
static always_inline bool frame_is_shared(physical_t frame)
{
    return frame_tag(frame) != 0;
}

/* Counts one object more. Context: ATOMIC, the lock of an object that has the frame held. */
void shared_frame_add(physical_t frame);

/* Counts one object less. Returns true if it was the last: then the frame is free to go. */
must_check bool shared_frame_drop(physical_t frame);
