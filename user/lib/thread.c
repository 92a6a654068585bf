/* See thread.h. */
#include "user/lib/thread.h"

#include "lib/program_start.h"
#include "user/lib/fatal.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

void thread_entry(struct thread_record *record);
noreturn_function void thread_main(struct thread_record *record);

/* The first C function of a thread, called by thread_entry. */
noreturn_function void thread_main(struct thread_record *record)
{
    thread_stack_leave(record, record->function(record->argument), SYS_THREAD_EXIT);
}

/* Makes the kernel's thread on a stack, and starts it. */
static int thread_begin(struct thread *thread, const struct thread_options *options)
{
    uint64_t stack = (uintptr_t)thread->record;
    unsigned priority = options != NULL && options->priority != 0
                            ? options->priority
                            : (unsigned)program_start.priority;
    int64_t made = sys_thread_create(program_start.handles[PROGRAM_HANDLE_TASK], priority,
                                     options != NULL ? options->affinity : 0,
                                     options != NULL && options->fpu ? THREAD_FPU : 0);
    int error;

    if (made < 0) {
        return (int)made;
    }
    thread->handle = (uint32_t)made;
    error = (int)sys_thread_start(thread->handle, (uintptr_t)thread_entry, stack, stack);
    if (error != OK) {
        ignore_result(sys_handle_close(thread->handle)); /* opened above */
    }
    return error;
}

int thread_create(struct thread *thread, int (*function)(void *argument), void *argument,
                  const struct thread_options *options)
{
    struct thread_record *record;
    int error = thread_stack_take(&record);

    if (error != OK) {
        return error;
    }
    thread->use = __atomic_add_fetch(&record->use, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&record->left, 0, __ATOMIC_RELEASE);
    record->function = function;
    record->argument = argument;
    thread->record = record;
    error = thread_begin(thread, options);
    if (error != OK) {
        thread_stack_give(record);
    }
    return error;
}

/*
 * A thread that was killed has not given its stack back, so this does. A thread that gave its stack
 * back has set `left`; when another thread has got the stack, `left` is 0 again, but `use` has
 * grown before that. So `use` is read after `left`.
 */
int thread_join(struct thread *thread)
{
    int64_t status = 0, error = sys_thread_wait(thread->handle, UINT64_MAX, (uintptr_t)&status);

    if (error != OK) {
        fatal("thread_join(0x%x): %s", thread->handle, error_name((int)error));
    }
    if (__atomic_load_n(&thread->record->left, __ATOMIC_ACQUIRE) == 0 &&
        __atomic_load_n(&thread->record->use, __ATOMIC_ACQUIRE) == thread->use) {
        thread_stack_give(thread->record);
    }
    thread_detach(thread);
    return (int)status;
}

void thread_detach(const struct thread *thread)
{
    int64_t error = sys_handle_close(thread->handle);

    if (error != OK) {
        fatal("thread_detach(0x%x): %s", thread->handle, error_name((int)error));
    }
}
