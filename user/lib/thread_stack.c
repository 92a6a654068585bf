/*
 * See thread_stack.h. Stacks are mapped one by one, but AREA_STACKS of them are parts of one memory
 * object. The kernel's list of an object's pages takes a frame for each 4 MiB, which four stacks
 * then share. With an object for each stack, each would need such a frame.
 */
#include "user/lib/thread_stack.h"

#include "user/lib/mutex.h"
#include "user/lib/pages.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define AREA_STACKS 64 /* in one memory object */

/*
 * The list of free stacks. Any thread adds one, by compare-and-exchange. Only the holder of the
 * lock takes one: so while it takes the first stack, no other thread can take that stack and add it
 * again.
 */
struct thread_record *thread_stacks_free;

static struct mutex lock;
/* Guarded by `lock`. */
static uint32_t area;        /* the memory object that the next stacks are parts of; 0: none */
static unsigned area_stacks; /* stacks of it that have been mapped */

void thread_stack_give(struct thread_record *record)
{
    struct thread_record *first = __atomic_load_n(&thread_stacks_free, __ATOMIC_RELAXED);

    do {
        record->next = first;
    } while (!__atomic_compare_exchange_n(&thread_stacks_free, &first, record, false,
                                          __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* Takes the first free stack, or returns NULL. The lock is held. */
static struct thread_record *free_take(void)
{
    struct thread_record *first = __atomic_load_n(&thread_stacks_free, __ATOMIC_ACQUIRE);

    while (first != NULL &&
           !__atomic_compare_exchange_n(&thread_stacks_free, &first, first->next, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
    }
    return first;
}

/*
 * Makes sure that the area has an unmapped stack left, and makes a new area if not. The lock is
 * held.
 */
static int area_prepare(void)
{
    int64_t memory;

    if (area != 0 && area_stacks < AREA_STACKS) {
        return OK;
    }
    memory = sys_memory_create(program_start.handles[PROGRAM_HANDLE_TASK],
                               AREA_STACKS * THREAD_STACK_BYTES);
    if (memory < 0) {
        return (int)memory;
    }
    if (area != 0) {
        ignore_result(sys_handle_close(area)); /* its stacks keep the memory */
    }
    area = (uint32_t)memory;
    area_stacks = 0;
    return OK;
}

/*
 * Maps a new stack. Its topmost page gets a frame first: a touch that finds none would end the
 * program. The lock is held.
 */
static int stack_make(struct thread_record **record)
{
    size_t offset = area_stacks * THREAD_STACK_BYTES;
    void *stack;
    int error = (int)sys_memory_commit(area, offset + THREAD_STACK_BYTES - PAGE_BYTES, PAGE_BYTES);

    if (error == OK) {
        error = pages_map(area, offset, THREAD_STACK_BYTES,
                          RIGHT_READ | RIGHT_WRITE | MEMORY_MAP_STACK, &stack);
    }
    if (error == OK) {
        area_stacks++;
        *record = (struct thread_record *)((char *)stack + THREAD_STACK_BYTES) - 1;
    }
    return error;
}

int thread_stack_take(struct thread_record **record)
{
    int error = OK;

    mutex_lock(&lock);
    *record = free_take();
    if (*record == NULL) {
        error = area_prepare();
        if (error == OK) {
            error = stack_make(record);
        }
    }
    mutex_unlock(&lock);
    return error;
}
