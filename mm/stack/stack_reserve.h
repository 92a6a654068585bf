/*
 * The reserve behind the magazines: a fixed number of frames that only refills may take. While
 * frames are missing from the reserve, freed frames go here first. The size of the reserve does not
 * depend on the number of threads.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"
#include "mm/frame/frame.h"

#define STACK_RESERVE_FRAMES_DEFAULT 32
#define STACK_RESERVE_FRAMES_MAX     1024

/*
 * Fills the reserve with this many frames.
 * Context: boot. Errors: ERROR_NO_MEMORY; ERROR_RANGE for more than STACK_RESERVE_FRAMES_MAX.
 */
must_check int stack_reserve_create(uint32_t frames);

/*
 * Takes `count` frames, or none; their owner becomes FRAME_OWNER_MAGAZINE. Never waits for frames.
 * Context: IRQ, interrupts off.
 */
must_check bool stack_reserve_take(physical_t *frames, uint32_t count);

/*
 * Adds a frame whose owner is FRAME_OWNER_RESERVE already. Returns false if the reserve is full.
 * For frame_free_hook: while frames are missing from the reserve, the allocator offers it each
 * freed frame. When the reserve is full the offers stop. Context: ATOMIC.
 */
bool stack_reserve_add(physical_t frame);

/*
 * Adds a frame that belongs to `owner`. Returns false if the reserve is full.
 * Context: IRQ, interrupts off.
 */
bool stack_reserve_give(physical_t frame, enum frame_owner owner);

/*
 * Returns how many frames are in the reserve.
 * Context: ANY.
 */
uint32_t stack_reserve_count(void);

/*
 * Returns how many frames the reserve holds when full.
 * Context: ANY.
 */
uint32_t stack_reserve_capacity(void);

/*
 * Returns how many frames were taken from the reserve since boot.
 * Context: ANY.
 */
uint64_t stack_reserve_taken(void);

/*
 * Adds to the number of threads that are queued for memory. Called by the dispatch gate.
 * Context: IRQ.
 */
void memory_queued_add(int difference);
extern uint32_t memory_queued_count;

/*
 * Returns how many threads are queued for memory. While there is one, nobody keeps or creates
 * stacks.
 * Context: ANY.
 */
static always_inline uint32_t memory_queued(void)
{
    return __atomic_load_n(&memory_queued_count, __ATOMIC_ACQUIRE);
}

/*
 * Adds to the number of threads that wait for memory. Called by the dispatch gate.
 * Context: IRQ.
 */
void memory_waiters_add(int difference);
extern uint32_t memory_waiters_count;

/*
 * Returns how many threads wait for memory: those that are queued, and those that were taken off
 * the queue to try again and have not run since.
 * Context: ANY.
 */
static always_inline uint32_t memory_waiters(void)
{
    return __atomic_load_n(&memory_waiters_count, __ATOMIC_ACQUIRE);
}
