/*
 * A survey of fragmentation: how many aligned blocks of each order are wholly free, and how many
 * would be wholly free if there were no stacks.
 *
 * Frames in stacks, in magazines and in the reserve count as frames of stacks. Frames in per-CPU
 * free lists count as free.
 */
#pragma once

#include "mm/frame/frame.h"

struct frame_survey_order {
    size_t whole;          /* aligned blocks of this order that are wholly free */
    size_t kept_by_stacks; /* blocks that would be free without the frames of stacks in them */
    size_t with_stacks;    /* blocks that contain a frame of a stack */
};

struct frame_survey {
    size_t stack_frames;
    size_t stack_runs; /* contiguous pieces that the frames of stacks form */
    struct frame_survey_order orders[BUDDY_ORDER_COUNT];
};

/*
 * Reads the record of every frame, without a lock: a few instructions a frame.
 * Context: THREAD. Exact only while nothing is allocated or freed.
 */
void frame_survey(struct frame_survey *survey);
