/* Counting what must not get lost: frames, slots, threads. For the tests and the monitor. */
#pragma once

#include "mm/frame/frame.h"

struct leak_check {
    size_t owned[FRAME_OWNER_COUNT];
    uint32_t threads;
    size_t objects; /* in use, of all caches */
    /* Frames of the stack engine by what the books say, and by looking where they are. */
    size_t stack_frames_booked;
    size_t stack_frames_found;
    /* Slots in use by what the books say, and by looking who has them. */
    uint32_t slots_booked;
    uint32_t slots_found;
};

/* Takes stock. Exact only while nothing else moves. Thread context. */
void leak_check_read(struct leak_check *leak_check);
