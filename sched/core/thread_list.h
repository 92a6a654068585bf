/* The list of all threads, for code that walks over them. */
#pragma once

#include "sched/core/thread.h"

/* Gives the thread an id that no other has, and adds it to the list. Context: THREAD. */
void thread_list_add(struct thread *thread);

/*
 * Records the name of a thread, or its first 32 bytes, in the trace (arch/x86_64/cpu/trace.h). The
 * thread must not be freed meanwhile. Context: IRQ.
 */
void thread_name_record(const struct thread *thread);

/* Takes the thread out of the list. Context: IRQ, interrupts off. */
void thread_list_remove(struct thread *thread);

/*
 * Waits until no walk still uses what it read from a thread before this call. Code that clears a
 * pointer in a thread calls this before it frees what the pointer pointed to. Context: THREAD.
 */
void thread_list_settle(void);

/*
 * Returns the thread that owns a stack slot; NULL if there is none, or if the list's lock is held
 * by another CPU. For a panic, which must not wait for a lock. Context: ENTRY, interrupts off.
 */
struct thread *thread_of_slot_try(uint32_t slot);

/* The users of thread_walk(). */
enum thread_walker { THREAD_WALKER_SWAPPER, THREAD_WALKER_LEND, THREAD_WALKERS };

/*
 * Calls look for up to `most` threads, from where this walker's last call stopped, or from the
 * first thread. The list's lock is held: look must not wait. If look returns false the call ends
 * early. Returns false at the end of the list; the next call then begins at the first thread. Each
 * walker has one walk at a time, and one thread that makes it. Context: THREAD.
 */
bool thread_walk(enum thread_walker walker, unsigned most,
                 bool (*look)(struct thread *thread, void *context), void *context);
