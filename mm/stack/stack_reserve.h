/*
 * The reserve behind the magazines: a fixed number of frames that only refills may take, and where
 * freed frames go first while a thread waits for its magazine to cover it. Its size does not depend
 * on the number of threads.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"
#include "mm/frame/frame.h"

#define STACK_RESERVE_FRAMES_DEFAULT 32
#define STACK_RESERVE_FRAMES_MAX     1024

/* Fills the reserve with so many frames. Thread context, once. ERROR_NO_MEMORY, ERROR_RANGE. */
must_check int stack_reserve_create(uint32_t frames);

/* Takes `count` frames, owned by FRAME_OWNER_MAGAZINE, or none. Interrupts off. Never waits. */
must_check bool stack_reserve_take(physical_t *frames, uint32_t count);

/* Adds a frame of that owner; false if the reserve is full. Interrupts off. */
bool stack_reserve_give(physical_t frame, enum frame_owner owner);

/* Frames in it now, its size, and how many were ever taken. Any context. */
uint32_t stack_reserve_count(void);
uint32_t stack_reserve_capacity(void);
uint64_t stack_reserve_taken(void);

/*
 * How many threads starve. While it is not 0, freed frames go to the reserve until that is full.
 * Counted by the dispatch gate. Any context.
 */
void memory_queued_add(int difference);
extern uint32_t memory_queued_count;

static always_inline uint32_t memory_queued(void)
{
    return __atomic_load_n(&memory_queued_count, __ATOMIC_ACQUIRE);
}

/*
 * How many threads have starved and not run since: those that starve, and those that were told to
 * try again and have not done so yet. Counted by the dispatch gate. Any context.
 */
void memory_waiters_add(int difference);
extern uint32_t memory_waiters_count;

static always_inline uint32_t memory_waiters(void)
{
    return __atomic_load_n(&memory_waiters_count, __ATOMIC_ACQUIRE);
}
