/* Waiting for a time. */
#pragma once

#include "lib/compiler.h"

/*
 * Waits for `ns` nanoseconds, or up to a tick longer. Errors: those of notification_create() and
 * notification_wait().
 */
must_check int sleep_ns(uint64_t ns);
