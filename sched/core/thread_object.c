/* See thread_object.h. */
#include "sched/core/thread_object.h"

#include "arch/x86_64/cpu/panic.h"
#include "mm/heap/slab.h"

PER_CPU(struct thread *, thread_spare);

static struct slab_cache cache;

void thread_init(void)
{
    slab_cache_init(&cache, "thread", sizeof(struct thread), 8);
}

unsigned thread_objects_spare(void)
{
    unsigned count = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        count += __atomic_load_n(&cpu_variable(thread_spare, cpu), __ATOMIC_RELAXED) != NULL;
    }
    return count;
}

int thread_object_get_slowly(struct thread *spare, struct thread **object)
{
    void *memory = spare;
    if (spare == NULL) {
        int error = slab_allocate(&cache, &memory);
        *object = memory;
        return error;
    }
    slab_check_taken("thread", spare, sizeof(*spare));
    *object = spare;
    if (fault_inject(FAULT_INJECT_ALLOCATE)) {
        slab_free(&cache, spare);
        return ERROR_NO_MEMORY;
    }
    return OK;
}

void thread_object_put_slowly(struct thread *thread)
{
    if (thread->name == NULL) {
        panic("thread object %p is given back twice: look for who joins a thread a second time",
              thread);
    }
    thread->name = NULL;
    slab_free(&cache, thread);
}
