/* See held.h. */
#include "user/service/held.h"

#include "lib/error.h"
#include "lib/information.h"
#include "lib/string.h"
#include "user/lib/records.h"
#include "user/lib/sleep.h"
#include "user/services_protocol.h"

#define PAUSE_NS    1000000UL
#define PAUSES_MOST 10000
#define PROGRAM     "service"

/* Returns the id of this program's task, which is the one of its name with two threads; 0: none. */
static uint32_t own_task(void)
{
    static struct records records;
    const struct information_task *task = NULL;

    records = (struct records){.kind = INFORMATION_TASKS, .size = sizeof(*task)};
    while ((task = records_next(&records)) != NULL) {
        if (task->threads == 2 && string_equal(task->name, PROGRAM)) {
            return task->id;
        }
    }
    return 0;
}

/* Whether the other thread is inside its call: it sleeps, and nothing else that it does can. */
static bool other_waits(void)
{
    static struct records records;
    const struct information_thread *thread = NULL;
    uint32_t own = own_task();
    bool waits = false;

    records = (struct records){.kind = INFORMATION_THREADS, .size = sizeof(*thread)};
    while ((thread = records_next(&records)) != NULL) {
        waits |= thread->task == own &&
                 (thread->state == INFORMATION_BLOCKED || thread->state == INFORMATION_SWAPPED);
    }
    return waits && own != 0;
}

static int64_t stop(uint32_t init, const char *server)
{
    return services_stop(init, server, strlen(server));
}

int64_t held_begin(uint32_t init, const char *server)
{
    for (unsigned i = 0; i < PAUSES_MOST; i++) {
        int64_t error = stop(init, server);

        if (error == ERROR_TIMEOUT) { /* it waits, or is about to stop */
            ignore_result(sleep_ns(PAUSE_NS));
            error = stop(init, server);
        }
        if (error < 0) {
            return error == ERROR_TIMEOUT ? OK : error;
        }
        error = services_resume(init, server, strlen(server));
        if (error < 0) {
            return error;
        }
        ignore_result(sleep_ns(PAUSE_NS)); /* without memory: no pause */
    }
    return ERROR_TIMEOUT;
}

int64_t held_wait(uint32_t init, const char *server, const bool *begins)
{
    for (unsigned i = 0; i < PAUSES_MOST; i++) {
        if (__atomic_load_n(begins, __ATOMIC_ACQUIRE) && other_waits()) {
            int64_t error = stop(init, server);

            if (error != ERROR_TIMEOUT) {
                return error;
            }
        }
        ignore_result(sleep_ns(PAUSE_NS)); /* without memory: no pause */
    }
    return ERROR_TIMEOUT;
}
