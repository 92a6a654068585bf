/* The list of all threads, for code that walks over them. */
#pragma once

#include "sched/core/thread.h"

/* Gives the thread an id that no other has, and adds it to the list. Context: THREAD. */
void thread_list_add(struct thread *thread);

/* Takes the thread out of the list. Context: IRQ. */
void thread_list_remove(struct thread *thread);

/*
 * Returns the thread that owns a stack slot, or NULL; NULL as well if the list's lock is taken.
 * For a panic, where no lock may be waited for. Context: ENTRY, interrupts off.
 */
struct thread *thread_of_slot_try(uint32_t slot);

/*
 * Calls look for up to `most` threads, from where the last call stopped or from the first, under
 * the list's lock; look must not wait, and ends the call early by returning false. Returns false at
 * the end of the list: the next call begins anew. There is one such walk at a time: the swapper's.
 * Context: THREAD.
 */
bool thread_walk(unsigned most, bool (*look)(struct thread *thread, void *context), void *context);
