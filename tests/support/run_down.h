/*
 * Takes all free memory away for a moment, to see that everything says so and nothing breaks. The
 * frames are chained by their tags: none is touched.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct run_down {
    uint32_t chain; /* of frame numbers */
    size_t count;
};

/*
 * Around it all: preemption is off between the two, for a thread that leaves its CPU may have to
 * wait for memory that it holds itself; and the swapper, which would find some on another CPU, does
 * nothing. Thread context; the first waits for a pass of the swapper that is under way, and until
 * nothing of the dead or of lent pages is on its way back.
 */
void run_down_begin(void);
void run_down_end(void);

/*
 * Takes every frame this CPU can get; what lies in the front lists of other CPUs stays there. The
 * caller keeps preemption off until it has given all back.
 */
void run_down_take(struct run_down *all);
void run_down_give_back(struct run_down *all);

/* Gives one frame back, if there is one. */
void run_down_give_one(struct run_down *all);
