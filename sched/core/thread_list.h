/* The list of all threads, for code that walks over them. */
#pragma once

#include "sched/core/thread.h"

/* Gives the thread an id that no other has, and adds it to the list. Context: THREAD. */
void thread_list_add(struct thread *thread);

/* Takes the thread out of the list. Context: IRQ, interrupts off. */
void thread_list_remove(struct thread *thread);

/*
 * Waits until no walk looks at a thread as it was before this call. Call it after what a thread
 * points to was taken from it and before that is freed. Context: THREAD.
 */
void thread_list_settle(void);

/*
 * Returns the thread that owns a stack slot, or NULL; NULL as well if the list's lock is taken.
 * For a panic, where no lock may be waited for. Context: ENTRY, interrupts off.
 */
struct thread *thread_of_slot_try(uint32_t slot);

enum thread_walker { THREAD_WALKER_SWAPPER, THREAD_WALKER_LEND, THREAD_WALKERS };

/*
 * Calls look for up to `most` threads, from where the last call stopped or from the first, under
 * the list's lock; look must not wait, and ends the call early by returning false. Returns false at
 * the end of the list: the next call begins anew. Each walker
 * has one walk at a time, and calls this from one thread. Context: THREAD.
 */
bool thread_walk(enum thread_walker walker, unsigned most,
                 bool (*look)(struct thread *thread, void *context), void *context);
