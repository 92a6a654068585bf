/*
 * Takes all free memory away for a moment, to check that everything reports it and nothing breaks.
 * The frames are chained by their tags, so none is touched.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct run_down {
    uint32_t chain; /* the first frame number */
    size_t count;
};

/*
 * Called around it all. Preemption is off in between, because a thread that leaves its CPU might
 * have to wait for memory that it holds itself; and the swapper does nothing, because on another
 * CPU it would find some. The first one waits for a pass of the swapper to end, and until no frame
 * of an ended thread's stack and no lent page is about to be freed. Context: THREAD.
 */
void run_down_begin(void);
void run_down_end(void);

/*
 * Takes every frame that this CPU can get; frames in the free lists of other CPUs stay there. The
 * caller keeps preemption off until it has given all back.
 */
void run_down_take(struct run_down *all);
void run_down_give_back(struct run_down *all);

/* Gives one frame back, if there is one. */
void run_down_give_one(struct run_down *all);
