/* See sleep.h. The wait is for a notification that nobody signals. */
#include "user/lib/sleep.h"

#include "lib/error.h"
#include "user/syscalls.h"

int sleep_ns(uint64_t ns)
{
    int64_t notification = sys_notification_create(), error;
    uint64_t bits;

    if (notification < 0) {
        return (int)notification;
    }
    error = sys_notification_wait((uint64_t)notification, (uint64_t)sys_clock_read() + ns, &bits);
    ignore_result(sys_handle_close((uint64_t)notification)); /* opened above */
    return error == ERROR_TIMEOUT ? OK : (int)error;
}
