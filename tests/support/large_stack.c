/* See large_stack.h. */
#include "tests/support/large_stack.h"

#include "mm/stack/stack_size.h"
#include "tests/support/threads.h"
#include "tests/test.h"

struct thread *start_on_stack(const char *name, size_t bytes, void (*entry)(void *argument),
                              void *argument)
{
    const struct thread_options options = {
        .name = name, .priority = THREAD_PRIORITY_DEFAULT, .stack_bytes = bytes};
    return test_thread_create(&options, entry, argument);
}

void run_on_stack(const char *name, size_t bytes, void (*entry)(void *argument), void *argument)
{
    test_equal(test_thread_join(start_on_stack(name, bytes, entry, argument)), 0);
}

struct run {
    size_t bytes;
    void (*body)(uint32_t slot, size_t bytes);
};

static void run_main(void *argument)
{
    const struct run *run = argument;
    uint32_t slot = thread_current()->slot;
    test_equal(stack_bytes_of(slot), run->bytes);
    run->body(slot, run->bytes);
}

void in_each_size(const char *name, bool backed, void (*body)(uint32_t slot, size_t bytes))
{
    for (size_t bytes = STACK_BYTES; bytes <= STACK_BYTES_MAX; bytes *= 2) {
        static struct run run;
        run = (struct run){.bytes = bytes, .body = body};
        const struct thread_options options = {.name = name,
                                               .priority = THREAD_PRIORITY_DEFAULT,
                                               .backed = backed,
                                               .stack_bytes = bytes};
        test_equal(test_thread_join(test_thread_create(&options, run_main, &run)), 0);
    }
}
