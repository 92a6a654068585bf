/*
 * Collecting free frames from the per-CPU free lists. A free list is used by its own CPU only, so
 * another CPU that finds no frame asks for them by interrupt.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Registers the interrupt that collects frames. Context: boot, on CPU 0, once. */
void frame_collect_init(void);

/*
 * Makes each CPU that has frames in its free list, the calling one included, move them to the buddy
 * lists, and waits until all have. Returns true if there was such a CPU: then it makes sense to try
 * an allocation again that has failed. With interrupts or preemption off it does nothing and
 * returns false, because another CPU may be waiting for this one. Context: ANY.
 */
must_check bool frame_collect(void);

/*
 * Does what frame_collect() does, unless more than FRAME_FREE_LIST_MAX frames are free for every
 * CPU: then an allocation that failed did not fail for lack of frames (a test may have injected the
 * failure), and it does nothing and returns false. For callers that try again after a failure with
 * locks held. Context: ANY.
 */
must_check bool frame_collect_if_short(void);
