/* What the files of the frame allocator share among themselves; for nobody else. */
#pragma once

#include "arch/x86_64/spinlock.h"
#include "mm/frame.h"

extern struct buddy frame_buddy; /* written under frame_lock once there are several CPUs */
extern struct spinlock frame_lock;

/* Frames in all front lists; allocated less freed frames of an owner, over all CPUs. */
size_t frame_cached_count(void);
long frame_owned_sum(enum frame_owner owner);

/* A caller named a block wrongly: says how, and panics. */
noreturn_function void frame_complain(physical_t first, unsigned order, enum frame_owner owner,
                                      const char *what);

#ifdef INVARIANT
/* Fills a block that is about to be free; panics if a block changed while it was. */
void frame_poison(physical_t first, unsigned order);
void frame_poison_check(physical_t first, unsigned order);
#else
static always_inline void frame_poison(physical_t first maybe_unused, unsigned order maybe_unused)
{
}
static always_inline void frame_poison_check(physical_t first maybe_unused,
                                             unsigned order maybe_unused)
{
}
#endif
