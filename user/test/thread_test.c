/* Threads of user/lib, and their stacks. */
#include "user/lib/thread.h"

#include "lib/error.h"
#include "lib/format.h"
#include "lib/information.h"
#include "user/lib/mutex.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/syscalls.h"
#include "user/test/test.h"

static struct mutex lock;
static unsigned counter; /* under the lock */

static int count_up(void *argument)
{
    unsigned *times = argument;

    for (unsigned i = 0; i < *times; i++) {
        mutex_lock(&lock);
        unsigned seen = counter;
        if (i % 16 == 0) {
            ignore_result(sys_thread_yield()); /* others find it locked */
        }
        counter = seen + 1;
        mutex_unlock(&lock);
    }
    return (int)(*times / 2);
}

USER_TEST(UTH0001,
          "threads run at the same time, take turns by a mutex, and are joined with a status")
{
    enum { THREADS = 8 };
    struct thread threads[THREADS];
    unsigned times = 200;

    for (unsigned i = 0; i < THREADS; i++) {
        test_equal(thread_create(&threads[i], count_up, &times, NULL), OK);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        test_equal(thread_join(&threads[i]), 100);
    }
    test_equal(counter, THREADS * times);
    mutex_destroy(&lock);
}

/* Uses about 600 bytes of stack at each depth. Returns how many values were wrong on the way back. */
static never_inline unsigned stack_fill(unsigned depth)
{
    volatile unsigned values[128];
    unsigned wrong = 0;

    for (unsigned i = 0; i < array_length(values); i++) {
        values[i] = depth + i;
    }
    wrong += depth > 0 ? stack_fill(depth - 1) : 0;
    for (unsigned i = 0; i < array_length(values); i++) {
        wrong += values[i] != depth + i;
    }
    return wrong;
}

#define DEPTH (THREAD_STACK_BYTES / 700)

static int go_deep(void *argument)
{
    return stack_fill(DEPTH) == 0 ? *(int *)argument : -1;
}

static int record_address(void *argument)
{
    *(uintptr_t *)argument = (uintptr_t)__builtin_frame_address(0);
    return 0;
}

USER_TEST(UTH0002, "a thread uses most of a megabyte of stack, and the next thread gets that stack")
{
    struct thread thread;
    uintptr_t first = 0, second = 0;
    int value = 77;

    test_equal(thread_create(&thread, go_deep, &value, NULL), OK);
    test_equal(thread_join(&thread), 77);
    test_equal(thread_create(&thread, record_address, &first, NULL), OK);
    test_equal(thread_join(&thread), 0);
    test_equal(thread_create(&thread, record_address, &second, NULL), OK);
    test_equal(thread_join(&thread), 0);
    test_equal(first, second);
    test_check(first != 0);
}

static unsigned waiters; /* threads that wait, or are about to; atomic */

static int wait_for_ever(void *argument)
{
    uint64_t bits;

    __atomic_add_fetch(&waiters, 1, __ATOMIC_RELAXED);
    return (int)sys_notification_wait(*(uint32_t *)argument, UINT64_MAX, &bits);
}

USER_TEST(UTH0003, "the stack of a thread that was killed goes to the next thread")
{
    struct thread thread, other;
    uintptr_t before = 0, after = 0;
    int64_t made = sys_notification_create();
    uint32_t notification = (uint32_t)made;

    test_check(made > 0);
    test_equal(thread_create(&thread, record_address, &before, NULL), OK);
    test_equal(thread_join(&thread), 0);
    test_equal(thread_create(&thread, wait_for_ever, &notification, NULL), OK);
    test_equal(sys_thread_kill(thread.handle), OK);
    test_equal(thread_join(&thread), ERROR_KILLED);
    test_equal(thread_create(&other, record_address, &after, NULL), OK);
    test_equal(thread_join(&other), 0);
    test_equal(after, before);
}

USER_TEST(UTH0004, "a thread that cannot be had is refused with an error, and its stack is kept")
{
    const struct thread_options above = {.priority = PROGRAM_PRIORITY + 1},
                                nowhere = {.affinity = 1UL << 63};
    struct thread thread;
    uint64_t regions[2];
    uintptr_t before = 0, after = 0;

    test_equal(thread_create(&thread, record_address, &before, NULL), OK);
    test_equal(thread_join(&thread), 0);
    for (unsigned i = 0; i < 100; i++) {
        test_equal(thread_create(&thread, record_address, &regions[0], &above), ERROR_RANGE);
        test_equal(thread_create(&thread, record_address, &regions[1], &nowhere), ERROR_INVALID);
    }
    test_equal(thread_create(&thread, record_address, &after, NULL), OK);
    test_equal(thread_join(&thread), 0);
    test_equal(after, before);
}

/* A page of stack for each thread, its share of page tables and of lists of pages, and what the
 * program has itself. */
#define CROWD_MOST           3000
#define CROWD_FRAMES(number) (2 * (number) + 300)
#define FRAMES_EACH          16 /* of the machine's: the kernel's part as well, in all stack modes */

USER_TEST(UTH0005, "up to 3,000 threads with stacks of a megabyte live in less than two pages each")
{
    struct information information;
    struct spawn_options options;
    char words[40];
    const char *reason;
    uint32_t task;

    test_equal(sys_information_read(program_start.handles[PROGRAM_HANDLE_INFORMATION],
                                    (uintptr_t)&information, sizeof(information)),
               sizeof(information));
    uint64_t threads = information.frames_free / FRAMES_EACH;
    threads = threads < CROWD_MOST ? threads : CROWD_MOST;
    format_string(words, sizeof(words), "test child crowd %lu", threads);
    spawn_init(&options, words);
    options.frames = CROWD_FRAMES(threads);
    test_equal(spawn(&options, &task, &reason), OK);
    test_equal(spawn_wait(task), 0);
}

#define SLEEPERS 8

USER_TEST(
    UTH0006,
    "beyond the quota of kernel stack pages a task is refused what would allocate, and no more")
{
    static const char name = 'x';
    uint64_t task = program_start.handles[PROGRAM_HANDLE_TASK];
    struct thread threads[SLEEPERS], extra;
    int64_t made = sys_notification_create();
    uint32_t notification = (uint32_t)made;

    test_check(made > 0);
    test_equal(sys_task_limits_set(task, 0, 0, UINT64_MAX), ERROR_QUOTA);
    test_equal(sys_task_limits_set(task, 0, 1UL << 32 | 1, 0), ERROR_QUOTA);
    test_equal(sys_task_limits_set(task, UINT64_MAX, 0, 0), ERROR_QUOTA);
    for (unsigned i = 0; i < SLEEPERS; i++) {
        test_equal(thread_create(&threads[i], wait_for_ever, &notification, NULL), OK);
    }
    while (__atomic_load_n(&waiters, __ATOMIC_RELAXED) < SLEEPERS) {
        ignore_result(sys_thread_yield());
    }
    /* Nine threads that have run have nine pages at least. */
    test_equal(sys_task_limits_set(task, 0, 0, SLEEPERS), OK);
    test_equal(sys_notification_create(), ERROR_QUOTA);
    test_equal(sys_memory_create(task, 4096), ERROR_QUOTA);
    test_equal(sys_task_create((uintptr_t)&name, 1, 0), ERROR_QUOTA);
    test_equal(thread_create(&extra, wait_for_ever, &notification, NULL), ERROR_QUOTA);
    test_check(sys_clock_read() > 0);
    test_equal(sys_task_limits_set(task, 0, 0, SLEEPERS + 1), ERROR_QUOTA);
    for (unsigned i = 0; i < SLEEPERS; i++) {
        test_equal(sys_thread_kill(threads[i].handle), OK);
        test_equal(thread_join(&threads[i]), ERROR_KILLED);
    }
    /* The pages of threads that have ended are given back. */
    made = sys_notification_create();
    test_check(made > 0);
    test_equal(sys_handle_close((uint64_t)made), OK);

    test_equal(sys_task_limits_set(task, 1, 0, 0), OK);
    test_equal(thread_create(&extra, wait_for_ever, &notification, NULL), ERROR_QUOTA);
    test_equal(sys_task_limits_set(task, 0, 1, 0), OK);
    test_equal(sys_endpoint_create(), ERROR_QUOTA);
}
