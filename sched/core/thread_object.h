/*
 * The memory of struct thread, from an object cache. Each CPU keeps the object of the thread that
 * was freed there last, and the next creation on that CPU takes it without the cache's lock. For
 * thread.c, and for whoever counts objects.
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "lib/error.h"
#include "mm/frame/fault_inject.h"
#include "mm/heap/slab_check.h"
#include "sched/core/thread.h"

/*
 * The object that this CPU keeps; NULL: none. A CPU takes it by one instruction, with interrupts on
 * or off, and puts one back with interrupts off. Other CPUs only read the pointer.
 */
DECLARE_PER_CPU(struct thread *, thread_spare);

/*
 * Returns how many objects CPUs keep.
 * Context: ANY. Exact only while no thread is created or freed.
 */
unsigned thread_objects_spare(void);

/*
 * thread_object_get() if this CPU kept no object (`spare` is NULL), or if failures are injected.
 * Context: THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int thread_object_get_slowly(struct thread *spare, struct thread **object);

/*
 * thread_object_put() to the object cache; panics if the object is free.
 * Context: IRQ.
 */
void thread_object_put_slowly(struct thread *thread);

/*
 * Gets an object for a thread. Its content is arbitrary.
 * Context: THREAD. Errors: ERROR_NO_MEMORY.
 */
static always_inline must_check int thread_object_get(struct thread **object)
{
    struct thread *spare = NULL;
    __asm__ volatile("xchgq %0, %1" : "+r"(spare), "+m"(this_cpu(thread_spare)));
    if (unlikely(spare == NULL || fault_inject_armed)) {
        return thread_object_get_slowly(spare, object);
    }
    slab_check_taken("thread", spare, sizeof(*spare));
    *object = spare;
    return OK;
}

/*
 * Gives back the object of a thread that no one uses any more. Panics if it was given back before:
 * an object without a name is free.
 * Context: IRQ, interrupts off.
 */
static always_inline void thread_object_put(struct thread *thread)
{
    if (unlikely(this_cpu(thread_spare) != NULL || thread->name == NULL)) {
        thread_object_put_slowly(thread);
        return;
    }
    thread->name = NULL;
    slab_check_freed("thread", thread, sizeof(*thread));
    this_cpu(thread_spare) = thread;
}
