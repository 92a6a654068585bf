/* Counts frames, slots and threads, to find those that were lost. For the tests and the monitor. */
#pragma once

#include "mm/frame/frame.h"

struct leak_check {
    size_t owned[FRAME_OWNER_COUNT];
    uint32_t threads;
    size_t objects; /* in use, of all caches */
    /* Frames of the stack engine: as the allocator counts them, and as found by a search. */
    size_t stack_frames_booked;
    size_t stack_frames_found;
    /* Slots in use: as the counters say, and as found by a search. */
    uint32_t slots_booked;
    uint32_t slots_found;
};

/*
 * Fills in all counts. They are exact only while no other thread allocates or frees. Context:
 * THREAD.
 */
void leak_check_read(struct leak_check *leak_check);
