/* The list of all threads, for those who look at them. */
#pragma once

#include "sched/core/thread.h"

/* Gives the thread its id and lists it; takes it out. Any context but NMI, #MC, #DF. */
void thread_list_add(struct thread *thread);
void thread_list_remove(struct thread *thread);

/* thread_of_slot(), or NULL while the list is locked. Any context, interrupts off. */
struct thread *thread_of_slot_try(uint32_t slot);

/*
 * Visits up to `most` threads from where the last walk stopped, or from the first, under the list's
 * lock, until look says false. False at the list's end: the next walk begins anew. There is one
 * walk at a time: the swapper's. Thread context.
 */
bool thread_walk(unsigned most, bool (*look)(struct thread *thread, void *context), void *context);
