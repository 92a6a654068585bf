/*
 * Frames that several memory objects share after a clone. The tag of a frame is the number of
 * objects that have the frame, less one. So a tag of 0 means that one object has the frame for
 * itself.
 */
#pragma once

#include "mm/frame/frame.h"

/*
 * Returns whether more than one object has the frame. For an object that has the frame and whose
 * lock the caller holds, the answer "no" stays true as long as the lock is held: only a clone of
 * the object could begin to share the frame. Context: ANY.
 */
static always_inline bool frame_is_shared(physical_t frame)
{
    return frame_tag(frame) != 0;
}

/* Counts one object more. Context: ATOMIC, the lock of an object that has the frame held. */
void shared_frame_add(physical_t frame);

/* Counts one object less. Returns true if it was the last: the caller frees it. Context: ATOMIC. */
must_check bool shared_frame_drop(physical_t frame);
