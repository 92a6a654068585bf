/*
 * What lies where in physical memory, as seen by somebody who wants it in large pieces: which
 * aligned blocks are free from end to end, and which would be if there were no stacks.
 *
 * Frames that only the stack engine moves count as stacks': in stacks, in magazines, in the
 * reserve. Frames in the CPUs' per-CPU free lists count as free.
 */
#pragma once

#include "mm/frame/frame.h"

struct frame_survey_order {
    size_t whole;          /* aligned blocks of this order that are free from end to end */
    size_t kept_by_stacks; /* that are free but for frames of stacks */
    size_t with_stacks;    /* that have any frame of a stack */
};

struct frame_survey {
    size_t stack_frames;
    size_t stack_runs; /* pieces in which these lie side by side */
    struct frame_survey_order orders[BUDDY_ORDER_COUNT];
};

/*
 * Reads the record of every frame, without a lock: exact when nothing moves. Takes a few
 * instructions a frame; thread context.
 */
void frame_survey(struct frame_survey *survey);
