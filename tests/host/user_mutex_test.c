/* Mutexes of the user library, on notifications made of the host's condition variables. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/error.h"
#include "tests/host/host.h"
#include "user/lib/fatal.h"
#include "user/lib/mutex.h"
#include "user/syscalls.h"

#define NOTIFICATIONS_MAX 64
#define THREADS           8
#define ROUNDS            20000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint64_t bits[NOTIFICATIONS_MAX];
static bool is_open[NOTIFICATIONS_MAX];
static uint32_t made;
static uint64_t waits;

int64_t sys_notification_create(void)
{
    pthread_mutex_lock(&lock);
    uint32_t handle = ++made;
    is_open[handle] = true;
    pthread_mutex_unlock(&lock);
    return handle;
}

int64_t sys_notification_signal(uint64_t notification, uint64_t more)
{
    pthread_mutex_lock(&lock);
    bits[notification] |= more;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return OK;
}

int64_t sys_notification_wait(uint64_t notification, uint64_t deadline maybe_unused,
                              uint64_t *taken)
{
    pthread_mutex_lock(&lock);
    waits++;
    while (bits[notification] == 0) {
        pthread_cond_wait(&changed, &lock);
    }
    *taken = bits[notification];
    bits[notification] = 0; /* only one of those that wait takes them */
    pthread_mutex_unlock(&lock);
    return OK;
}

int64_t sys_handle_close(uint64_t handle)
{
    pthread_mutex_lock(&lock);
    is_open[handle] = false;
    pthread_mutex_unlock(&lock);
    return OK;
}

void fatal(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    exit(STATUS_FATAL);
}

static unsigned open_count(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < NOTIFICATIONS_MAX; i++) {
        count += is_open[i];
    }
    return count;
}

static struct mutex mutex;
static uint64_t guarded[2];

static void *contend(void *argument maybe_unused)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        mutex_lock(&mutex);
        if (++guarded[0] != guarded[1] + 1) {
            host_fail(__FILE__, __LINE__, "two threads hold the mutex");
        }
        guarded[1]++;
        mutex_unlock(&mutex);
    }
    return NULL;
}

HOST_TEST(HUM0001, "a mutex of user threads lets one in at a time, and all of them in the end")
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        host_equal(pthread_create(&threads[i], NULL, contend, NULL), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        host_equal(pthread_join(threads[i], NULL), 0);
    }
    host_equal(guarded[0], THREADS * ROUNDS);
    host_check(open_count() <= 1); /* threads that made a second notification closed it */
    mutex_destroy(&mutex);
    host_equal(open_count(), 0);
}

HOST_TEST(HUM0002, "a free mutex of user threads is taken and given without a system call")
{
    struct mutex free_one = {0};

    for (unsigned round = 0; round < 100; round++) {
        mutex_lock(&free_one);
        host_check(!mutex_try(&free_one));
        mutex_unlock(&free_one);
        host_check(mutex_try(&free_one));
        mutex_unlock(&free_one);
    }
    host_equal(made, 0);
    host_equal(waits, 0);
}
